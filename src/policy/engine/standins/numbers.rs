//! Numbers in texts, and how often a text stands in another.

use regorus::{Engine, Value};

use crate::policy::engine::standins::{Refusal, Said, text};

/// The longest text that is read as a number.
const LONGEST: usize = 64;

/// The largest exponent: a double holds no number with a larger one, and the gate counts on that.
const EXPONENT: u32 = 308;

/// A text, a boolean or null as a number.
pub(super) fn to_number(args: &[Value]) -> Said {
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
pub(super) fn units(name: &str, args: &[Value]) -> Said {
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
    let mut exponents = text.split(['e', 'E']).skip(1).map(|rest| {
        let rest = rest.trim_start_matches(['+', '-']);
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.split_at(end).0
    });
    let fits =
        |digits: &str| digits.is_empty() || digits.parse::<u32>().is_ok_and(|e| e <= EXPONENT);
    match text.len() <= LONGEST && exponents.all(fits) {
        true => Ok(()),
        false => Err(Refusal("the number is too long")),
    }
}

/// How often a text stands in another; the empty one before, between and behind all characters.
pub(super) fn count(args: &[Value]) -> Said {
    let (whole, wanted) = (text(args, 0)?, text(args, 1)?);
    let found = match wanted.is_empty() {
        true => whole.chars().count() + 1,
        false => whole.matches(wanted).count(),
    };
    Ok(Value::from(u64::try_from(found).unwrap_or(u64::MAX)))
}
