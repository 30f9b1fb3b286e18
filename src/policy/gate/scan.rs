//! How deep a file nests, counted on its bare text.
//!
//! The engine's parser, and everything that walks its tree, recurses; a file of a hundred thousand
//! opening brackets would overflow the stack, which no error handling survives. So depth is
//! bounded before parsing, by a count that can only be too high: brackets that are open, plus the
//! operators, dots and indexes that lead up to this point in each of them.

use crate::policy::problem::{Place, Problem};

/// The deepest nesting a file may have, in brackets and chained operators together.
pub(super) const DEPTH: u32 = 64;

/// The largest file, in bytes; the parser's own limit.
pub(super) const FILE_BYTES: usize = 1 << 20;

/// Refuses a file whose nesting could overflow a stack.
pub(super) fn check(file: &std::path::Path, text: &str) -> Result<(), Problem> {
    if text.len() > FILE_BYTES {
        let message = format!("the file has {} bytes; {FILE_BYTES} is the most", text.len());
        return Err(Problem::new(Place::file(file), message, "split it into several files"));
    }
    let Some((offset, excess)) = Scan::new(text).excess() else { return Ok(()) };
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
    let place = Place {
        file: file.to_owned(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    };
    let (message, fix) = match excess {
        Excess::Depth => (
            format!("expressions nest more than {DEPTH} deep"),
            "split the expression into rules of its own",
        ),
        Excess::Exponent => (
            format!("a number's exponent has more than {EXPONENT_DIGITS} digits"),
            "write a smaller number",
        ),
    };
    Err(Problem::new(place, message, fix).shown_in(text))
}

/// What a file has too much of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Excess {
    Depth,
    /// The parser writes `1e999999999` out, digit by digit.
    Exponent,
}

/// The most digits in the exponent of a number.
const EXPONENT_DIGITS: usize = 3;

/// What the token before this one was.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Before {
    /// The end of an operand; `end` is the byte after it.
    Operand { end: usize },
    /// Anything after which an operand starts.
    Opening,
}

/// The position in one file.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// For each open bracket, the operators in the expression inside it so far.
    chains: Vec<u32>,
    before: Before,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, chains: vec![0], before: Before::Opening }
    }

    /// Where the file first exceeds a limit, and which.
    fn excess(mut self) -> Option<(usize, Excess)> {
        let mut depth = 0_u32;
        while let Some(&byte) = self.text.get(self.at) {
            let start = self.at;
            let top = self.chains.last().copied().unwrap_or_default();
            let open = self.chains.len();
            self.token(byte);
            let now = self.chains.last().copied().unwrap_or_default();
            // The sum is kept up incrementally: only the innermost chain changes.
            depth = match self.chains.len().cmp(&open) {
                std::cmp::Ordering::Greater => self.chains.iter().sum(),
                std::cmp::Ordering::Less => self.chains.iter().sum(),
                std::cmp::Ordering::Equal => (depth + now).saturating_sub(top),
            };
            let brackets = u32::try_from(self.chains.len()).unwrap_or(u32::MAX);
            if depth.saturating_add(brackets) > DEPTH {
                return Some((start, Excess::Depth));
            }
            if byte.is_ascii_digit() && self.long_exponent(start) {
                return Some((start, Excess::Exponent));
            }
        }
        None
    }

    /// Takes one token, white space or comment.
    fn token(&mut self, byte: u8) {
        match byte {
            b'#' => self.skip_to(|byte| byte == b'\n'),
            b'"' => self.string(),
            b'`' => self.raw_string(),
            b'(' | b'[' | b'{' => self.open(byte),
            b')' | b']' | b'}' => self.close(),
            b',' | b';' => {
                self.at += 1;
                self.restart();
                self.before = Before::Opening;
            }
            _ if byte.is_ascii_whitespace() => self.at += 1,
            _ if is_word(byte) => self.word(),
            _ => {
                self.at += 1;
                self.lengthen();
                self.before = Before::Opening;
            }
        }
    }

    /// Whether the word from `start` on is a number that ends in a long exponent.
    fn long_exponent(&self, start: usize) -> bool {
        let rest = self.text.get(start..).unwrap_or_default();
        let mantissa = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let Some(b'e' | b'E') = rest.get(mantissa) else { return false };
        let sign = usize::from(matches!(rest.get(mantissa + 1), Some(b'+' | b'-')));
        let digits = rest.get(mantissa + 1 + sign..).unwrap_or_default();
        digits.iter().take_while(|byte| byte.is_ascii_digit()).count() > EXPONENT_DIGITS
    }

    fn open(&mut self, byte: u8) {
        match self.before {
            Before::Operand { .. } if byte == b'(' => self.lengthen(),
            Before::Operand { end } if byte == b'[' && end == self.at => self.lengthen(),
            Before::Operand { .. } => self.restart(),
            Before::Opening => {}
        }
        self.at += 1;
        self.chains.push(0);
        self.before = Before::Opening;
    }

    fn close(&mut self) {
        if self.chains.len() > 1 {
            self.chains.pop();
        }
        self.at += 1;
        self.before = Before::Operand { end: self.at };
    }

    fn word(&mut self) {
        let start = self.at;
        self.skip_to(|byte| !is_word(byte));
        match self.text.get(start..self.at).unwrap_or_default() {
            b"in" => {
                self.lengthen();
                self.before = Before::Opening;
            }
            b"if" | b"else" | b"some" | b"every" | b"with" | b"as" | b"default" | b"contains"
            | b"import" | b"package" => {
                self.restart();
                self.before = Before::Opening;
            }
            b"not" => self.before = Before::Opening,
            _ => self.operand(),
        }
    }

    /// An operand right after another one starts a new expression.
    fn operand(&mut self) {
        if matches!(self.before, Before::Operand { .. }) {
            self.restart();
        }
        self.before = Before::Operand { end: self.at };
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.operand();
    }

    fn raw_string(&mut self) {
        self.at += 1;
        self.skip_to(|byte| byte == b'`');
        self.at += 1;
        self.operand();
    }

    fn lengthen(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain = chain.saturating_add(1);
        }
    }

    fn restart(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain = 0;
        }
    }

    fn skip_to(&mut self, stop: impl Fn(u8) -> bool) {
        while self.text.get(self.at).is_some_and(|byte| !stop(*byte)) {
            self.at += 1;
        }
    }
}

/// Letters, digits and `_`; bytes above ASCII count as letters, being part of some word.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
