//! Builtins of Countersign's own: in the place of those that must not be as they are, and for those
//! that the engine lacks.
//!
//! A short text such as `1e999999999` keeps the engine's own busy for ever, one call of another can
//! fill the memory, and a third ends in a panic. The interpreter asks an extension before it asks a
//! builtin of the same name. The fast engine knows no extensions: rules that call these run on the
//! interpreter. What they say is what OPA says, or an error.

use std::fmt;

use regorus::{Engine, Value};

mod digests;
mod lists;
mod numbers;
mod tokens;

pub(in crate::policy) use lists::LONGEST as LONGEST_RANGE;

/// Puts them in their places.
pub(super) fn install(engine: &mut Engine) {
    put(engine, "array.flatten", 1, lists::flatten);
    put(engine, "crypto.hmac.equal", 2, digests::equal);
    put(engine, "crypto.hmac.sha256", 2, digests::hmac_sha256);
    put(engine, "crypto.hmac.sha512", 2, digests::hmac_sha512);
    put(engine, "crypto.sha256", 1, digests::sha256);
    put(engine, "io.jwt.decode", 1, tokens::decode);
    put(engine, "numbers.range", 2, lists::range);
    put(engine, "numbers.range_step", 3, lists::range_step);
    put(engine, "strings.count", 2, numbers::count);
    put(engine, "to_number", 1, numbers::to_number);
    put(engine, "units.parse", 1, |args| numbers::units("units.parse", args));
    put(engine, "units.parse_bytes", 1, |args| numbers::units("units.parse_bytes", args));
}

fn put(engine: &mut Engine, name: &str, takes: u8, standin: fn(&[Value]) -> Said) {
    let extension = move |args: Vec<Value>| standin(&args).map_err(Refusal::into);
    // It fails only for a name that was added before, and an engine is new here.
    let _ = engine.add_extension(name.to_owned(), takes, Box::new(extension));
}

/// What one says: a value, or why there is none.
type Said = Result<Value, Refusal>;

/// Why there is no value; the engine adds where.
#[derive(Debug)]
struct Refusal(&'static str);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refusal {}

/// The text that an argument is.
fn text(args: &[Value], index: usize) -> Result<&str, Refusal> {
    match args.get(index) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Refusal("an argument is not a string")),
    }
}
