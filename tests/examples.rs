//! Examples are true: each configuration parses, and the tour goes as it says.

use std::path::Path;
use std::process::Command;

#[test]
fn every_example_parses() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut read = 0;
    for example in std::fs::read_dir(folder).unwrap() {
        let file = example.unwrap().path().join("countersign.yaml");
        if !file.exists() {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        if let Err(problems) = countersign::config::parse(&file.display().to_string(), &text) {
            panic!("{problems}");
        }
        read += 1;
    }
    assert!(read >= 4, "{read}");
}

#[test]
fn the_tour_goes_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let tour = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["dev", "--tour"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tour.stdout);
    assert!(tour.status.success(), "{said}\n{}", String::from_utf8_lossy(&tour.stderr));
}
