//! Digests of texts, in hexadecimal digits.

use std::fmt::Write as _;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use regorus::Value;

use crate::policy::engine::standins::{Said, text};

/// SHA-256 (FIPS 180-4).
pub(super) fn sha256(args: &[Value]) -> Said {
    Ok(hex(digest::digest(&digest::SHA256, text(args, 0)?.as_bytes()).as_ref()))
}

/// HMAC with SHA-256 (RFC 2104).
pub(super) fn hmac_sha256(args: &[Value]) -> Said {
    signed(hmac::HMAC_SHA256, args)
}

/// HMAC with SHA-512.
pub(super) fn hmac_sha512(args: &[Value]) -> Said {
    signed(hmac::HMAC_SHA512, args)
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(super) fn equal(args: &[Value]) -> Said {
    let (one, other) = (text(args, 0)?.as_bytes(), text(args, 1)?.as_bytes());
    Ok(verify_slices_are_equal(one, other).is_ok().into())
}

fn signed(algorithm: hmac::Algorithm, args: &[Value]) -> Said {
    let (message, key) = (text(args, 0)?, text(args, 1)?);
    let key = hmac::Key::new(algorithm, key.as_bytes());
    Ok(hex(hmac::sign(&key, message.as_bytes()).as_ref()))
}

/// As hexadecimal digits in lower case.
pub(super) fn hex(bytes: &[u8]) -> Value {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits.into()
}
