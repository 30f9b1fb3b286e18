//! How large the result of a builtin can get.
//!
//! Two sizes for each: of the value it gives, and of what it takes while it works, in memory or in
//! steps of about a nanosecond. Elements take more memory than the text they were made from.

use crate::policy::engine::standins::LONGEST_RANGE;
use crate::policy::gate::growth::size::{ELEMENT, NUMBER, Size};
use crate::policy::syntax::Expr;

/// What a call gives, and what it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) value: Size,
    pub(super) taken: Size,
}

impl Outcome {
    /// A value that is new in memory.
    fn new(value: Size) -> Self {
        Self { value, taken: value }
    }

    fn text(value: Size) -> Self {
        Self::new(Size { scalar: true, torn: false, ..value })
    }
}

/// What the values of an array that was just read from text take.
const PARSED: u64 = 64;

/// What the builtin does with arguments of these sizes.
pub(super) fn outcome(name: &str, params: &[Expr], args: &[Size]) -> Outcome {
    let all = args.iter().fold(Size::NOTHING, |sum, arg| sum.plus(*arg));
    let arg = |index: usize| args.get(index).copied().unwrap_or_default();
    match name {
        "concat" => Outcome::text(joined(arg(0), arg(1))),
        "sprintf" => Outcome::text(printed(params, args)),
        "json.marshal" => Outcome::text(arg(0).times(2)),
        "json.marshal_with_options" => Outcome::text(indented(arg(0), arg(1))),
        "replace" => Outcome::text(replaced(arg(0), arg(2))),
        "regex.replace" => Outcome::text(replaced(arg(0), arg(2))),
        "strings.replace_n" => Outcome::text(replaced_n(params, arg(1))),
        "lower" | "upper" | "urlquery.decode" | "urlquery.encode" => Outcome::text(all.times(3)),
        "base64.encode"
        | "base64url.encode"
        | "base64url.encode_no_pad"
        | "hex.encode"
        | "glob.quote_meta" => Outcome::text(all.times(2).plus(Size::fixed(ELEMENT))),
        "urlquery.encode_object" => Outcome::text(all.times(4)),
        "base64.decode" | "base64url.decode" | "hex.decode" | "strings.reverse" | "trim_space" => {
            Outcome::text(all)
        }
        "trim" | "trim_left" | "trim_right" => {
            let taken = arg(0).by(arg(1)).plus(arg(0));
            Outcome { value: Size { scalar: true, ..arg(0) }, taken }
        }
        "trim_prefix" | "trim_suffix" => Outcome::text(arg(0)),
        "substring" => Outcome::text(part(params, arg(0))),
        "time.format" => Outcome::text(all.times(4).plus(Size::fixed(64))),
        "split" | "indexof_n" => torn(arg(0), 9),
        "regex.split" | "regex.find_n" => torn(arg(1), 9),
        "io.jwt.decode" | "json.unmarshal" => torn(arg(0), PARSED),
        "numbers.range" | "numbers.range_step" => {
            Outcome::new(Size::fixed(LONGEST_RANGE * ELEMENT))
        }
        "urlquery.decode_object" => torn(arg(0), 16),
        "json.is_valid" => Outcome { value: Size::small(), taken: all.times(PARSED) },
        "json.patch" => Outcome::new(patched(params, all)),
        "graph.reachable" => Outcome { value: all, taken: all.times(4) },
        "print" => Outcome { value: Size::small(), taken: gathered(all) },
        _ => numeric(name, args, all),
    }
}

fn numeric(name: &str, args: &[Size], all: Size) -> Outcome {
    let plain = |value: Size| Outcome { value, taken: Size::fixed(value.fixed) };
    match name {
        "abs" | "ceil" | "floor" | "round" | "bits.and" | "bits.negate" | "bits.or"
        | "bits.rsh" | "bits.xor" => plain(Size::number(all.digits)),
        "sum" => plain(Size::number(all.digits.saturating_add(ELEMENT))),
        "product" => multiplied(all),
        "format_int" => Outcome::text(Size::number(all.digits)),
        "strings.any_prefix_match" | "strings.any_suffix_match" | "object.subset" => {
            Outcome { value: Size::small(), taken: all.plus(pairs(args)) }
        }
        "array.concat" | "array.flatten" | "array.reverse" | "array.slice" | "intersection"
        | "json.filter" | "json.remove" | "max" | "min" | "object.filter" | "object.get"
        | "object.keys" | "object.remove" | "object.union" | "object.union_n" | "sort"
        | "union" | "walk" => Outcome::new(Size { scalar: false, ..all }),
        // What is left answers yes or no, a number, or something short about a text.
        _ => Outcome { value: Size { scalar: false, ..Size::fixed(256) }, taken: Size::NOTHING },
    }
}

/// Every element counts for [`ELEMENT`] bytes, so that short delimiters cost nothing.
fn joined(delimiter: Size, list: Size) -> Size {
    let list = if delimiter.is_fixed() {
        let bytes = delimiter.settled().fixed.saturating_sub(ELEMENT);
        list.times(bytes.div_ceil(ELEMENT).max(1))
    } else {
        list.plus(list.by(delimiter))
    };
    Size { scalar: true, ..list }
}

/// Texts are printed as they are; in containers, they are escaped.
fn printed(params: &[Expr], args: &[Size]) -> Size {
    let format = params.first().map_or(0, |format| match format {
        Expr::String { value, .. } | Expr::RawString { value, .. } => {
            let verbs = value.matches('%').count();
            let wide = value.bytes().any(|byte| byte.is_ascii_digit());
            value.len().saturating_add(verbs.saturating_mul(if wide { WIDTH } else { 16 }))
        }
        _ => usize::MAX,
    });
    let list = args.get(1).copied().unwrap_or_default();
    let list = list.times(if list.scalar { 1 } else { 2 });
    list.plus(Size::fixed(u64::try_from(format).unwrap_or(u64::MAX).saturating_add(ELEMENT)))
}

/// The widest field of a format, in characters, as the gate lets it pass.
const WIDTH: usize = 10_000;

/// The input nests 128 levels at most.
fn indented(value: Size, options: Size) -> Size {
    if !options.is_fixed() {
        return Size::BOUNDLESS;
    }
    value.times(options.settled().fixed.saturating_mul(16).saturating_add(2))
}

/// In the worst case, every character is replaced, and the gaps between them.
fn replaced(text: Size, new: Size) -> Size {
    if text.is_fixed() && !new.is_fixed() {
        return new.times(text.settled().fixed.saturating_add(1)).plus(text);
    }
    if new.is_fixed() {
        let fixed = new.settled().fixed;
        return text.times(fixed.saturating_add(1)).plus(new);
    }
    text.by(new).plus(text).plus(new)
}

/// One replacement after the other: what one puts in, the next may replace.
fn replaced_n(params: &[Expr], text: Size) -> Size {
    let Some(Expr::Object { fields, .. }) = params.first() else { return Size::BOUNDLESS };
    let mut grown = text;
    for (_, old, new) in fields {
        let (Some(old), Some(new)) = (literal(old), literal(new)) else { return Size::BOUNDLESS };
        let factor = if old.is_empty() { new.len() + 1 } else { new.len().div_ceil(old.len()) };
        grown = grown.times(u64::try_from(factor.max(1)).unwrap_or(u64::MAX));
        grown = grown.plus(Size::fixed(u64::try_from(new.len()).unwrap_or(u64::MAX)));
    }
    grown
}

fn literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => Some(value),
        _ => None,
    }
}

/// `substring(text, 0, 200)` is never longer than that.
fn part(params: &[Expr], text: Size) -> Size {
    match params.get(2) {
        Some(Expr::Number { value, .. }) => match value.as_u64() {
            Some(characters) => Size::fixed(characters.saturating_mul(4).saturating_add(ELEMENT)),
            None => text,
        },
        _ => text,
    }
}

/// Pieces of a text, which may be as many as it has bytes.
fn torn(text: Size, times: u64) -> Outcome {
    let value = Size { torn: true, scalar: false, ..text.times(times).plus(Size::fixed(ELEMENT)) };
    Outcome { value, taken: text.times(PARSED) }
}

/// Each operation may copy what is there so far.
fn patched(params: &[Expr], all: Size) -> Size {
    let Some(Expr::Array { items, .. }) = params.get(1) else { return Size::BOUNDLESS };
    let doublings = u32::try_from(items.len()).unwrap_or(u32::MAX);
    all.times(1_u64.checked_shl(doublings).unwrap_or(u64::MAX))
}

/// The product of all numbers in a list: as long as the list, and a step for each pair.
fn multiplied(list: Size) -> Outcome {
    let value = Size { scalar: true, ..list.times(8).plus(Size::number(NUMBER)) };
    let steps = Size { product: list.settled().whole, ..Size::NOTHING };
    let digits = if list.is_fixed() { list.settled().fixed.saturating_mul(8) } else { 1 << 16 };
    Outcome { value: Size { digits: digits.max(value.digits), ..value }, taken: value.plus(steps) }
}

/// What is printed is kept to the end of the evaluation, for every turn of whatever loop.
fn gathered(printed: Size) -> Size {
    let printed = printed.settled().times(2);
    Size { product: printed.product.saturating_add(printed.whole), whole: printed.fixed, ..printed }
}

/// A comparison for each pair of elements.
fn pairs(args: &[Size]) -> Size {
    let [one, two, ..] = args else { return Size::NOTHING };
    let pairs = one.by(*two);
    let torn = one.torn || two.torn;
    let (steep, square) = if torn { (0, pairs.square) } else { (pairs.square, 0) };
    Size { product: steep, square, fixed: pairs.fixed / ELEMENT, ..pairs }
}
