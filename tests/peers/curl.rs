//! curl with a client certificate, over both versions of HTTP.

use std::process::Command;

use super::program::{Said, run};
use super::stand::Stand;
use crate::harness::{SECRET, Upstream, reply};

#[test]
fn curl_gets_what_is_allowed_and_reads_why_the_rest_is_not() {
    let upstream = Upstream::answering(|_| reply("[\"an order\"]"));
    let stand = Stand::at(&format!("http://{}", upstream.address), "", |setup| setup);
    for version in ["--http1.1", "--http2"] {
        let got = curl(&stand, &[version, "-X", "GET", &format!("{}/orders", stand.url)]);
        let (body, written) = got.ok().rsplit_once('\n').unwrap();
        assert_eq!(body, "[\"an order\"]");
        let number = if version == "--http2" { "2" } else { "1.1" };
        assert!(written.starts_with(&format!("200 {number} ")), "{written}");

        let got = curl(&stand, &[version, "-X", "DELETE", &format!("{}/orders/1", stand.url)]);
        let (body, written) = got.ok().rsplit_once('\n').unwrap();
        assert_eq!(written, format!("403 {number} application/problem+json"));
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], 403);
        assert!(problem.to_string().contains("Only reading and writing is allowed here."));
    }
    let received = upstream.requests();
    assert_eq!(received.len(), 2);
    for request in received {
        assert_eq!(request.header("authorization"), [format!("Bearer {SECRET}")]);
    }
}

#[test]
fn curl_without_a_certificate_gets_nothing() {
    let upstream = Upstream::answering(|_| reply("an order"));
    let stand = Stand::at(&format!("http://{}", upstream.address), "", |setup| setup);
    let mut command = Command::new("curl");
    command.args(["-sS", "--cacert", &stand.files[0], &stand.url]);
    let said = run(&command);
    assert_ne!(said.code, Some(0), "{said:?}");
    assert!(upstream.requests().is_empty());
}

fn curl(stand: &Stand, arguments: &[&str]) -> Said {
    let [ca, cert, key] = &stand.files;
    let mut command = Command::new("curl");
    command.args(["-sS", "--cacert", ca, "--cert", cert, "--key", key]);
    command.args(["-w", "\n%{http_code} %{http_version} %{content_type}"]).args(arguments);
    run(&command)
}
