//! Searching for the planted secret wherever it must not be.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The secret of every site, unless a test plants another. Its characters differ in each encoding.
pub const SECRET: &str = "planted/S3cr3t+with~odd=chars?";

/// Fails if `bytes` hold `secret` in any spelling that a server might repeat it in.
pub fn assert_no_leak(what: &str, secret: &str, bytes: &[u8]) {
    for form in forms(secret) {
        let found = memchr::memmem::find(bytes, form.as_bytes()).is_some();
        assert!(!found, "{what} holds the secret as `{form}`: {}", String::from_utf8_lossy(bytes));
    }
}

/// Everything that was logged so far, by every test of this process.
pub fn logs() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// Begins to keep what is logged; once a process.
pub fn capture_logs() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let filter = EnvFilter::new("countersign=trace,warn");
        let logger = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
        logger.with_writer(Capture).init();
    });
}

fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let percent = |b: &u8| match is_unreserved(*b) {
        true => char::from(*b).to_string(),
        false => format!("%{b:02X}"),
    };
    let percent: String = bytes.iter().map(percent).collect();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, percent.to_lowercase()];
    forms.push(percent);
    for engine in [STANDARD, URL_SAFE] {
        // Base64 looks different at each of the three ways a text can begin within it.
        for shift in 0..3 {
            let shifted = engine.encode([&[b'x'; 3][..shift], bytes].concat());
            let end = (shift + bytes.len()) / 3 * 4;
            forms.push(shifted[shift.div_ceil(3) * 4..end].to_owned());
        }
    }
    forms
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Capture;

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}
