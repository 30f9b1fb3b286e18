//! Every finding that rules can have: its code, how grave it is, and what it means.
//!
//! Codes are stable: scripts and pipelines name them. `docs/policy.md` lists the same ones, and a
//! test compares the two.

use std::fmt;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The rules do not do what they say.
    Error,
    /// They may, but somebody may regret it.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Declares the codes in the order of their numbers.
macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $meaning:literal)*) => {
        /// What kind of finding it is.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// `P004`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How grave it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    Unreadable "P001" Error "A file cannot be read or is not Rego, or a data document is not strict JSON."
    Endless "P002" Error "A rule reaches itself, or evaluating it nests too deep."
    EntryPoint "P003" Error "No rule is where the answer is looked for."
    Field "P004" Error "A field that the input does not have."
    Phase "P005" Error "A field of the body, where no route of the configuration inspects bodies."
    Order "P006" Error "A comparison by size that also holds for values of another type."
    Function "P007" Error "A function that does not exist or is not allowed."
    Unreached "P008" Warning "A rule that no entry point reaches."
    Contradiction "P009" Error "A condition that can never hold."
    Shape "P010" Error "A reason that is not an object of `code` and `message`: the answer would be an error."
    Undescribed "P011" Warning "A reason without metadata that names its code."
    Skipped "P012" Warning "A denial that an error in a builtin can skip."
    Negation "P013" Warning "A `not` over what may fail or be missing, which Countersign and OPA read differently."
    Rule "P014" Error "A rule that its package does not have."
    Name "P015" Error "A name that nothing defines."
    Memory "P016" Error "Values that may fill the memory, of rules or of tests."
    Slow "P017" Warning "Something that the fast engine does not run, so that all rules run on the interpreter."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
