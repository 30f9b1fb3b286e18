//! Lists of numbers, which the engine's own would make as long as the memory lasts, and lists of
//! lists.

use regorus::Value;

use crate::policy::engine::standins::{Refusal, Said};

/// The most numbers in one range; the gate counts with it.
pub(in crate::policy) const LONGEST: u64 = 10_000;

/// The whole numbers from one to another, both included, in whichever direction that is.
pub(super) fn range(args: &[Value]) -> Said {
    steps(whole(args, 0)?, whole(args, 1)?, 1)
}

/// The same, some numbers apart.
pub(super) fn range_step(args: &[Value]) -> Said {
    match whole(args, 2)? {
        step if step > 0 => steps(whole(args, 0)?, whole(args, 1)?, step),
        _ => Err(Refusal("step must be a positive integer")),
    }
}

fn steps(from: i64, to: i64, step: i64) -> Said {
    let last = from.abs_diff(to) / step.unsigned_abs();
    if last >= LONGEST {
        return Err(Refusal("a range has at most 10000 numbers"));
    }
    let step = i128::from(if from <= to { step } else { -step });
    let number = |n: u64| i64::try_from(i128::from(from) + i128::from(n) * step);
    Ok((0..=last).filter_map(|n| number(n).ok()).map(Value::from).collect::<Vec<_>>().into())
}

fn whole(args: &[Value], index: usize) -> Result<i64, Refusal> {
    let number = args.get(index).and_then(|arg| arg.as_i64().ok());
    number.ok_or(Refusal("operands must be integer numbers of 64 bits"))
}

/// The elements, and in the place of each that is an array its elements.
pub(super) fn flatten(args: &[Value]) -> Said {
    let Some(Value::Array(items)) = args.first() else {
        return Err(Refusal("`array.flatten` expects an array"));
    };
    let mut flat = Vec::new();
    for item in items.iter() {
        match item {
            Value::Array(inner) => flat.extend(inner.iter().cloned()),
            item => flat.push(item.clone()),
        }
    }
    Ok(flat.into())
}
