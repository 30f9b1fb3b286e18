//! JSON's minefield: files that every parser must accept (`y_`), must refuse (`n_`), or may do
//! either with (`i_`), against the check that every inspected body passes.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::route::json;

use crate::listed::Listed;

/// Runs every file in `folder`.
pub(crate) fn run(folder: &Path) -> Result<String, String> {
    let listed = Listed::parse(include_str!("json.txt"))?;
    let entries = std::fs::read_dir(folder);
    let entries = entries.map_err(|why| format!("{}: {why}", folder.display()))?;
    let mut ended = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|why| why.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).map_err(|why| format!("{name}: {why}"))?;
        let said = json::check(&bytes);
        let difference = match (name.split_once('_'), said) {
            (Some(("y" | "i", _)), Ok(())) | (Some(("n", _)), Err(_)) => None,
            (Some(("y" | "i", _)), Err(rule)) => Some(rule.detail().to_owned()),
            (Some(("n", _)), Ok(())) => Some("accepted".to_owned()),
            _ => continue,
        };
        ended.insert(name, difference);
    }
    if ended.is_empty() {
        return Err(format!("there are no files y_*, n_* and i_* in {}", folder.display()));
    }
    listed.compare(&ended)?;
    let of = |kind: &str| ended.keys().filter(|name| name.starts_with(kind)).count();
    Ok(format!(
        "JSONTestSuite: {} y_, {} n_ and {} i_ files, each as required or as listed",
        of("y_"),
        of("n_"),
        of("i_")
    ))
}
