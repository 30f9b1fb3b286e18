//! Builtins that the engine has and that rules may not be given as they are.
//!
//! A short text such as `1e999999999` keeps the engine's own busy for ever, and `strings.count` ends
//! in a panic. The interpreter asks an extension before it asks a builtin of the same name, so these
//! stand in for them. The fast engine knows no extensions: rules that call them run on the
//! interpreter.

use std::fmt;

use regorus::{Engine, Value};

/// The longest text that is read as a number.
const LONGEST: usize = 64;

/// Puts the stand-ins in the place of the builtins.
pub(super) fn install(engine: &mut Engine) {
    let standins: [(&str, u8, fn(&[Value]) -> Said); 4] = [
        ("strings.count", 2, count),
        ("to_number", 1, to_number),
        ("units.parse", 1, |args| units("units.parse", args)),
        ("units.parse_bytes", 1, |args| units("units.parse_bytes", args)),
    ];
    for (name, takes, standin) in standins {
        let extension = move |args: Vec<Value>| standin(&args).map_err(Refusal::into);
        // It fails only for a name that was added before, and an engine is new here.
        let _ = engine.add_extension(name.to_owned(), takes, Box::new(extension));
    }
}

/// What a stand-in says: a value, or why there is none.
type Said = Result<Value, Refusal>;

/// Why a stand-in gives no value; the engine adds where.
#[derive(Debug)]
struct Refusal(&'static str);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refusal {}

fn to_number(args: &[Value]) -> Said {
    let refused = || Refusal("could not parse string as number");
    match args.first() {
        Some(Value::Null | Value::Bool(false)) => Ok(Value::from(0_u64)),
        Some(Value::Bool(true)) => Ok(Value::from(1_u64)),
        Some(number @ Value::Number(_)) => Ok(number.clone()),
        Some(Value::String(text)) if !text.contains(char::is_whitespace) => {
            check(text)?;
            let read = Value::from_json_str(text).map_err(|_| refused())?;
            if matches!(read, Value::Number(_)) { Ok(read) } else { Err(refused()) }
        }
        Some(Value::String(_)) => Err(refused()),
        _ => Err(Refusal("`to_number` expects a boolean, a number, a string or null")),
    }
}

/// The engine's own, asked in an engine of its own: this one has none by that name any more.
fn units(name: &str, args: &[Value]) -> Said {
    let Some(input @ Value::String(text)) = args.first() else {
        return Err(Refusal("expects a string"));
    };
    check(text)?;
    let mut own = Engine::new();
    own.set_input(input.clone());
    let asked = own.eval_query(format!("amount := {name}(input)"), false);
    let asked = asked.map_err(|_| Refusal("could not parse amount"))?;
    let first = asked.result.into_iter().next();
    Ok(first.map_or(Value::Undefined, |said| said.bindings[&Value::from("amount")].clone()))
}

/// Refuses texts that are too long, or whose exponent is.
fn check(text: &str) -> Result<(), Refusal> {
    let exponents = text.split(['e', 'E']).skip(1).map(|rest| {
        let digits = rest.trim_start_matches(['+', '-']);
        digits.bytes().take_while(u8::is_ascii_digit).count()
    });
    match text.len() <= LONGEST && exponents.max().unwrap_or(0) <= EXPONENT_DIGITS {
        true => Ok(()),
        false => Err(Refusal("the number is too long")),
    }
}

/// How often a text stands in another; the empty one before, between and behind all characters.
fn count(args: &[Value]) -> Said {
    let [Value::String(text), Value::String(wanted)] = args else {
        return Err(Refusal("`strings.count` expects two strings"));
    };
    let found = match wanted.is_empty() {
        true => text.chars().count() + 1,
        false => text.matches(wanted.as_ref()).count(),
    };
    Ok(Value::from(u64::try_from(found).unwrap_or(u64::MAX)))
}

/// The most digits of an exponent; a double holds no number with more.
const EXPONENT_DIGITS: usize = 3;
