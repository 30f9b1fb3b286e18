//! The builtins that rules may call, and what may go wrong in each.
//!
//! A list of what is allowed, not of what is not: a builtin that the next version of the engine
//! brings is refused until somebody has looked at it. `rules/capabilities.json` tells the same to
//! stock `opa check`.

use crate::policy::gate::names::{Names, dotted};
use crate::policy::gate::walk::{self, Visitor};
use crate::policy::gate::{File, problem_at};
use crate::policy::problem::Problem;
use crate::policy::syntax::Expr;
use Kind::{Any, Array, Bool, Collection, Number, Object, Set, Text, Texts};

/// The type of an argument, or of a result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Kind {
    /// Whatever there is.
    Any,
    /// An array of anything.
    Array,
    /// A boolean.
    Bool,
    /// An array, a set or an object: what can be counted or looped over.
    Collection,
    /// Nothing: what is looked for is not in the data, so no rule gets this far.
    Never,
    /// A number.
    Number,
    /// An object.
    Object,
    /// A set.
    Set,
    /// A string.
    Text,
    /// An array of strings.
    Texts,
}

/// What a builtin does with arguments of its types.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Nature {
    /// Gives a value for every argument of its types.
    Total,
    /// May refuse a value of the right type, which only the interpreter reports.
    Partial,
    /// Is not known to the fast engine, or not as it is to be.
    Interpreted,
    /// Gives something else each time; the fast engine does not run it either.
    Varying,
}

/// One builtin.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy) struct Builtin {
    pub(in crate::policy) name: &'static str,
    pub(in crate::policy) takes: &'static [Kind],
    pub(in crate::policy) gives: Kind,
    pub(in crate::policy) nature: Nature,
}

/// The builtin of that name, if rules may call it.
pub(in crate::policy) fn find(name: &str) -> Option<&'static Builtin> {
    ALLOWED.iter().find(|builtin| builtin.name == name)
}

/// Refuses calls of anything that is neither a rule of the bundle nor on the list.
pub(in crate::policy) fn check<'a>(files: &'a [File<'a>], names: &Names<'a>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let mut calls = Calls { names, files, file: number, problems: Vec::new() };
        file.module.rules.iter().for_each(|rule| walk::rule(rule, &mut calls));
        problems.append(&mut calls.problems);
    }
    problems
}

struct Calls<'n, 'a> {
    names: &'n Names<'a>,
    files: &'a [File<'a>],
    file: usize,
    problems: Vec<Problem>,
}

impl<'a> Visitor<'a> for Calls<'_, 'a> {
    fn expression(&mut self, expr: &'a Expr) {
        let Expr::Call { fcn, params, .. } = expr else { return };
        let name = dotted(fcn).join(".");
        let is_rule = || !self.names.targets(self.file, fcn).is_empty();
        let found = match find(&name) {
            Some(_) if name == "sprintf" => params.first().and_then(unbounded_format),
            Some(_) => None,
            None if is_rule() => None,
            None => Some(unknown(&name)),
        };
        if let Some((message, fix)) = found {
            let problem = problem_at(self.files, self.file, Some(expr.span()), message, fix);
            self.problems.push(problem);
        }
    }
}

fn unknown(name: &str) -> (String, &'static str) {
    let dangerous = DANGEROUS.iter().find(|(dangerous, _)| *dangerous == name);
    match dangerous {
        Some((_, why)) => (format!("`{name}` is not allowed in rules: {why}"), "do without it"),
        None => (
            format!("there is no function `{name}`"),
            "check its spelling, the import it needs, and rules/capabilities.json for what there is",
        ),
    }
}

/// `sprintf("%1000000000d", …)` makes a gigabyte of blanks.
fn unbounded_format(format: &Expr) -> Option<(String, &'static str)> {
    let (Expr::String { value, .. } | Expr::RawString { value, .. }) = format else {
        let message = "the format of `sprintf` is not written out".to_owned();
        return Some((message, "write the format as a string where it is used"));
    };
    let mut digits = 0_u32;
    let mut inside = false;
    for character in value.chars() {
        match character {
            '%' => (inside, digits) = (!inside, 0),
            '*' if inside => digits = WIDTH_DIGITS + 1,
            '0'..='9' if inside => digits += 1,
            '.' | '+' | '-' | '#' | ' ' if inside => {}
            _ => inside = false,
        }
        if digits > WIDTH_DIGITS {
            let message = "the format of `sprintf` asks for a very wide field".to_owned();
            return Some((message, "use a width below one hundred"));
        }
    }
    None
}

/// The most digits that the numbers of one verb may have together.
const WIDTH_DIGITS: u32 = 4;

/// What is there and not allowed, with the reason.
const DANGEROUS: [(&str, &str); 12] = [
    ("bits.lsh", "one call can fill the memory"),
    ("graph.reachable_paths", "one call can run for ever"),
    ("http.send", "rules reach no network"),
    ("net.cidr_expand", "one call can fill the memory"),
    ("opa.runtime", "rules do not see the process they run in"),
    ("rand.intn", "the same request must get the same answer"),
    ("test.sleep", "rules do not wait"),
    ("trace", "it is not needed to decide"),
    ("uuid.rfc4122", "the same request must get the same answer"),
    ("yaml.is_valid", "bodies are JSON"),
    ("yaml.marshal", "bodies are JSON"),
    ("yaml.unmarshal", "bodies are JSON"),
];

const fn total(name: &'static str, takes: &'static [Kind], gives: Kind) -> Builtin {
    Builtin { name, takes, gives, nature: Nature::Total }
}

const fn partial(name: &'static str, takes: &'static [Kind], gives: Kind) -> Builtin {
    Builtin { name, takes, gives, nature: Nature::Partial }
}

const fn interpreted(name: &'static str, takes: &'static [Kind], gives: Kind) -> Builtin {
    Builtin { name, takes, gives, nature: Nature::Interpreted }
}

/// In the order of their names.
pub(super) const ALLOWED: &[Builtin] = &[
    total("abs", &[Number], Number),
    total("array.concat", &[Array, Array], Array),
    interpreted("array.flatten", &[Array], Array),
    total("array.reverse", &[Array], Array),
    partial("array.slice", &[Array, Number, Number], Array),
    partial("base64.decode", &[Text], Text),
    total("base64.encode", &[Text], Text),
    total("base64.is_valid", &[Text], Bool),
    partial("base64url.decode", &[Text], Text),
    total("base64url.encode", &[Text], Text),
    total("base64url.encode_no_pad", &[Text], Text),
    partial("bits.and", &[Number, Number], Number),
    partial("bits.negate", &[Number], Number),
    partial("bits.or", &[Number, Number], Number),
    partial("bits.rsh", &[Number, Number], Number),
    partial("bits.xor", &[Number, Number], Number),
    total("ceil", &[Number], Number),
    total("concat", &[Text, Texts], Text),
    total("contains", &[Text, Text], Bool),
    total("count", &[Collection], Number),
    interpreted("crypto.hmac.equal", &[Text, Text], Bool),
    interpreted("crypto.hmac.sha256", &[Text, Text], Text),
    interpreted("crypto.hmac.sha512", &[Text, Text], Text),
    interpreted("crypto.sha256", &[Text], Text),
    total("endswith", &[Text, Text], Bool),
    total("floor", &[Number], Number),
    partial("format_int", &[Number, Number], Text),
    partial("glob.match", &[Text, Any, Text], Bool),
    partial("glob.quote_meta", &[Text], Text),
    partial("graph.reachable", &[Object, Any], Set),
    partial("hex.decode", &[Text], Text),
    total("hex.encode", &[Text], Text),
    partial("indexof", &[Text, Text], Number),
    partial("indexof_n", &[Text, Text], Array),
    partial("intersection", &[Set], Set),
    interpreted("io.jwt.decode", &[Text], Array),
    total("is_array", &[Any], Bool),
    total("is_boolean", &[Any], Bool),
    total("is_null", &[Any], Bool),
    total("is_number", &[Any], Bool),
    total("is_object", &[Any], Bool),
    total("is_set", &[Any], Bool),
    total("is_string", &[Any], Bool),
    partial("json.filter", &[Object, Any], Object),
    total("json.is_valid", &[Text], Bool),
    partial("json.marshal", &[Any], Text),
    partial("json.marshal_with_options", &[Any, Object], Text),
    partial("json.patch", &[Any, Any], Any),
    partial("json.remove", &[Object, Any], Object),
    partial("json.unmarshal", &[Text], Any),
    total("lower", &[Text], Text),
    partial("max", &[Any], Any),
    partial("min", &[Any], Any),
    partial("net.cidr_contains", &[Text, Text], Bool),
    total("net.cidr_is_valid", &[Text], Bool),
    interpreted("numbers.range", &[Number, Number], Array),
    interpreted("numbers.range_step", &[Number, Number, Number], Array),
    partial("object.filter", &[Object, Any], Object),
    partial("object.get", &[Object, Any, Any], Any),
    partial("object.keys", &[Object], Set),
    partial("object.remove", &[Object, Any], Object),
    partial("object.subset", &[Any, Any], Bool),
    partial("object.union", &[Object, Object], Object),
    partial("object.union_n", &[Array], Object),
    interpreted("print", &[Any], Bool),
    partial("product", &[Any], Number),
    partial("regex.find_n", &[Text, Text, Number], Texts),
    total("regex.is_valid", &[Text], Bool),
    partial("regex.match", &[Text, Text], Bool),
    partial("regex.replace", &[Text, Text, Text], Text),
    partial("regex.split", &[Text, Text], Texts),
    partial("regex.template_match", &[Text, Text, Text, Text], Bool),
    total("replace", &[Text, Text, Text], Text),
    total("round", &[Number], Number),
    partial("semver.compare", &[Text, Text], Number),
    partial("semver.is_valid", &[Any], Bool),
    partial("sort", &[Any], Array),
    total("split", &[Text, Text], Texts),
    partial("sprintf", &[Text, Array], Text),
    total("startswith", &[Text, Text], Bool),
    partial("strings.any_prefix_match", &[Any, Any], Bool),
    partial("strings.any_suffix_match", &[Any, Any], Bool),
    interpreted("strings.count", &[Text, Text], Number),
    partial("strings.replace_n", &[Object, Text], Text),
    total("strings.reverse", &[Text], Text),
    partial("substring", &[Text, Number, Number], Text),
    partial("sum", &[Any], Number),
    interpreted("time.add_date", &[Number, Number, Number, Number], Number),
    interpreted("time.clock", &[Any], Array),
    interpreted("time.date", &[Any], Array),
    interpreted("time.diff", &[Any, Any], Array),
    interpreted("time.format", &[Any], Text),
    Builtin { name: "time.now_ns", takes: &[], gives: Number, nature: Nature::Varying },
    interpreted("time.parse_duration_ns", &[Text], Number),
    interpreted("time.parse_ns", &[Text, Text], Number),
    interpreted("time.parse_rfc3339_ns", &[Text], Number),
    interpreted("time.weekday", &[Any], Text),
    interpreted("to_number", &[Any], Number),
    total("trim", &[Text, Text], Text),
    total("trim_left", &[Text, Text], Text),
    total("trim_prefix", &[Text, Text], Text),
    total("trim_right", &[Text, Text], Text),
    total("trim_space", &[Text], Text),
    total("trim_suffix", &[Text, Text], Text),
    total("type_name", &[Any], Text),
    partial("union", &[Set], Set),
    total("upper", &[Text], Text),
    interpreted("units.parse", &[Text], Number),
    interpreted("units.parse_bytes", &[Text], Number),
    partial("urlquery.decode", &[Text], Text),
    partial("urlquery.decode_object", &[Text], Object),
    total("urlquery.encode", &[Text], Text),
    partial("urlquery.encode_object", &[Object], Text),
    partial("uuid.parse", &[Text], Object),
    interpreted("walk", &[Any], Any),
];
