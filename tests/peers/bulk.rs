//! Much data in little memory: a gibibyte up and down past nginx, and parts of a file.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use super::program::{Said, Server, run};
use super::stand::{Stand, setup};

#[test]
fn a_gibibyte_goes_up_and_down_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let nginx = nginx(folder.path());
    let big = folder.path().join("files/big");
    File::create(&big).unwrap().set_len(GIBIBYTE).unwrap();

    let setup = setup(&nginx.url(), "");
    let place = setup.folder();
    let countersign = countersign(&place.path().join("countersign.yaml"));
    let agent = setup.authority.agent("peer");
    fs::write(place.path().join("peer.pem"), agent.cert_pem).unwrap();
    fs::write(place.path().join("peer-key.pem"), agent.key_pem).unwrap();
    let files = ["pki/agents.pem", "peer.pem", "peer-key.pem"];
    let files = files.map(|name| place.path().join(name).into_os_string().into_string().unwrap());
    let url = format!("https://localhost:{}", countersign.port);

    let got = curl(&files, &["-o", "/dev/null", &format!("{url}/big")]);
    assert_eq!(got.ok(), format!("200 {GIBIBYTE} 0"));
    let sent = curl(&files, &["-T", &big.display().to_string(), &format!("{url}/sent")]);
    assert_eq!(sent.ok(), format!("201 0 {GIBIBYTE}"));
    assert_eq!(fs::metadata(folder.path().join("files/sent")).unwrap().len(), GIBIBYTE);

    let most = most_memory(countersign.id());
    assert!(most < MEMORY, "{most} KiB at most");
}

#[test]
fn parts_of_a_file_are_asked_for_and_got() {
    let folder = tempfile::tempdir().unwrap();
    let nginx = nginx(folder.path());
    let text: String = (0..10_000).map(|number| format!("{number:>9}\n")).collect();
    fs::write(folder.path().join("files/lines"), &text).unwrap();
    let stand = Stand::new(&nginx, "", |setup| setup);
    let part = |range: &str| {
        let said = curl(&stand.files, &["-r", range, &format!("{}/lines", stand.url)]);
        said.ok().to_owned()
    };
    assert_eq!(part("20-29"), format!("{}206 10 0", &text[20..30]));
    assert_eq!(part("-10"), format!("{}206 10 0", &text[text.len() - 10..]));
    assert!(part("200000-").contains("416"), "{}", part("200000-"));
}

/// nginx in the foreground, without the machine's own configuration.
fn nginx(folder: &Path) -> Server {
    fs::create_dir(folder.join("files")).unwrap();
    let start = |port: u16| {
        let at = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log stderr notice;
events {{}}
http {{
    access_log off;
    client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
    uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {at}/files;
        client_max_body_size 0;
        dav_methods PUT;
    }}
}}
"
        );
        fs::write(folder.join("nginx.conf"), config).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        command.args(["-e", "stderr"]);
        command
    };
    // The last that it says before it serves, when its port is bound already.
    Server::told(start, "getrlimit(RLIMIT_NOFILE)")
}

/// The real program, in a process of its own, whose memory can be read.
fn countersign(config: &Path) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("serve").arg("-c").arg(config);
    Server::logging(command, |line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let address = (line["listener"] == "agents").then(|| line["address"].as_str())??;
        address.rsplit(':').next()?.parse().ok()
    })
}

fn curl([ca, cert, key]: &[String; 3], arguments: &[&str]) -> Said {
    let mut command = Command::new("curl");
    command.args(["-sS", "--cacert", ca, "--cert", cert, "--key", key]);
    command.args(["-w", "%{http_code} %{size_download} %{size_upload}"]).args(arguments);
    run(&command)
}

/// The most memory that a process ever had, in KiB.
fn most_memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

const GIBIBYTE: u64 = 1 << 30;
/// In KiB: a tenth of what goes through.
const MEMORY: u64 = 100 * 1024;
