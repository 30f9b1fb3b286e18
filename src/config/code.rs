//! Every problem that a configuration can have: its code, how grave it is, and what it means.
//!
//! Codes are stable: scripts and runbooks name them. `docs/config.md` lists the same ones, and a
//! test compares the two.

use std::fmt;

/// How grave a problem is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but somebody may regret it.
    Warning,
}

/// Declares the codes in the order of their numbers.
macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $meaning:literal)*) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// `C012`.
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
    Unreadable "C001" Error "The file cannot be read, is larger than 1 MiB, or is not UTF-8."
    Syntax "C002" Error "The text is not YAML."
    Documents "C003" Error "The file is empty or holds more than one document."
    Reference "C004" Error "An anchor, an alias, a merge key or a tag: every value stands where it is used."
    Duplicate "C005" Error "A key appears twice in one place."
    Key "C006" Error "A key is not text."
    Depth "C007" Error "The file is nested too deeply or has too many values."
    Overflow "C008" Error "There are more problems than are worth listing."
    Substitution "C009" Error "A text holds `${`; nothing is substituted."
    Empty "C010" Error "A key has no value."
    Missing "C011" Error "A required key is missing."
    Unknown "C012" Error "A key that does not exist."
    Kind "C013" Error "A value of the wrong kind, such as a list where text is wanted."
    Value "C014" Error "A value that cannot be used."
    Word "C015" Error "A word that is not among those allowed here."
    Name "C016" Error "A name that an operator chose cannot be used as one."
    Range "C017" Error "A number, size or duration outside what makes sense."
    LiteralSecret "C020" Error "A secret stands in the file itself."
    SchemeKey "C021" Error "A key that does not belong to the credential's scheme."
    SchemeMissing "C022" Error "A key that the credential's scheme needs is missing."
    ForbiddenHeader "C023" Error "A header that no credential may set."
    Unusable "C024" Error "A file that is named cannot be read or used."
    NoUpstream "C030" Error "An upstream that does not exist is named."
    NoCredential "C031" Error "A credential that does not exist is named."
    Unbound "C032" Error "A route uses a credential that may not go to the route's upstream."
    Uncovered "C033" Error "Credentials are reachable by routes that no policy covers."
    Ambiguous "C034" Error "Two routes serve the same host and path."
    Where "C035" Error "An upstream has both or neither of `url` and `endpoints`."
    Pair "C036" Error "Two keys that only make sense together, or never together."
    NoPerson "C037" Error "A person who does not exist is named."
    OnePerson "C038" Error "Two people have one name or one key."
    Bind "C040" Error "Two listeners have one address."
    NoDoor "C041" Error "A listener does not say which door it is."
    NoAgents "C042" Error "No listener serves agents."
    NoTrust "C043" Error "No trust domain is trusted."
    SharedTrust "C044" Error "A trust domain would vouch for agents and for people."
    NoAdmin "C051" Warning "No listener serves health and metrics."
    AdminExposed "C052" Warning "Health and metrics are served beyond this machine, without TLS."
    NoPolicy "C053" Error "There is no policy: nothing could be decided."
    NoRoutes "C054" Warning "There are no routes, so every request is refused."
    Unused "C055" Warning "An upstream or a credential that nothing uses."
    Plain "C056" Warning "A credential would cross the network unencrypted."
    Untested "C057" Warning "A policy bundle is used without its tests having passed."
    Leak "C058" Warning "Responses that cannot be searched for the credential are passed on."
    Observed "C059" Warning "A route lets pass what policy denies, until a day that is named."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
