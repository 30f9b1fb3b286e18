//! Which parts of the input an entry point can read.
//!
//! Building the input costs more than a short policy's evaluation, and most rules look at a few
//! members of it. So the input is cut into *parts*, and of each entry point it is known which parts
//! it may reach; the rest is not built. The answer may only ever be too large: a part that is
//! missing would look like a member that the request does not have. Whatever is not understood is
//! therefore a reading of everything, which is also never remembered.

/// Declares the parts: a name, its place in the input, and how long its value holds.
macro_rules! parts {
    ($($part:ident = $place:literal, $life:ident;)*) => {
        /// A member of the input, with all that is below it.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(in crate::policy) enum Part {
            $($part,)*
        }

        /// All parts, in the order of their declaration.
        pub(in crate::policy) const PARTS: &[(Part, &str, Life)] =
            &[$((Part::$part, $place, Life::$life),)*];
    };
}

/// What the value of a part depends on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Life {
    /// Nothing: it is the same in every input.
    Constant,
    /// The very request, its body, the time, or what has happened before: an answer that rests on
    /// it holds once.
    Once,
    /// Who asks for what: an answer that rests on it holds for all who ask the same.
    Lasting,
}

parts! {
    Approval = "countersign.approval", Once;
    Body = "attributes.request.http.body", Once;
    Certificate = "countersign.principal.cert", Lasting;
    Chain = "countersign.chain", Once;
    ContentDigest = "countersign.request.content_digest", Once;
    Destination = "attributes.destination.address", Lasting;
    EveryHeader = "countersign.request.headers", Lasting;
    Headers = "attributes.request.http.headers", Lasting;
    Host = "attributes.request.http.host", Lasting;
    HostName = "countersign.request.host", Lasting;
    Id = "attributes.request.http.id", Once;
    Labels = "countersign.labels", Once;
    Listener = "countersign.listener", Lasting;
    Mcp = "countersign.mcp", Once;
    Method = "attributes.request.http.method", Lasting;
    Operations = "countersign.request.operations", Lasting;
    ParsedBody = "parsed_body", Once;
    ParsedPath = "parsed_path", Lasting;
    ParsedQuery = "parsed_query", Lasting;
    Port = "countersign.request.port", Lasting;
    PrincipalId = "countersign.principal.spiffe_id", Lasting;
    PrincipalPath = "countersign.principal.path_segments", Lasting;
    Proposal = "countersign.proposal", Once;
    Protocol = "attributes.request.http.protocol", Lasting;
    RawPath = "countersign.request.raw_path", Lasting;
    RawSegments = "countersign.request.raw_segments", Lasting;
    RequestTime = "attributes.request.time", Once;
    Route = "countersign.route", Lasting;
    Scheme = "attributes.request.http.scheme", Constant;
    Segments = "countersign.request.segments", Lasting;
    Size = "attributes.request.http.size", Once;
    Source = "attributes.source.address", Lasting;
    SourcePrincipal = "attributes.source.principal", Lasting;
    SourcePrincipalAlone = "source_principal", Lasting;
    Target = "attributes.request.http.path", Lasting;
    Task = "countersign.task", Once;
    Time = "countersign.time", Once;
    TruncatedBody = "truncated_body", Once;
    TrustDomain = "countersign.principal.trust_domain", Lasting;
    Version = "version", Constant;
}

/// What an entry point can read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Reads {
    /// One bit a part, by its number.
    parts: u64,
    /// The headers, where not all are read.
    headers: Names,
    every_header: Names,
    /// Whether an answer may be kept for the next who asks the same.
    lasting: bool,
}

/// Headers by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Names {
    /// All there are.
    All,
    /// These; sorted.
    Only(Vec<String>),
}

impl Names {
    fn add(&mut self, below: &[&str]) {
        let Self::Only(names) = self else { return };
        let Some(name) = below.first() else { return *self = Self::All };
        if let Err(at) = names.binary_search_by(|there| there.as_str().cmp(name)) {
            names.insert(at, (*name).to_owned());
        }
    }
}

impl Reads {
    /// Nothing yet.
    pub(in crate::policy) fn nothing() -> Self {
        let none = || Names::Only(Vec::new());
        Self { parts: 0, headers: none(), every_header: none(), lasting: true }
    }

    /// All of the input, which nobody may remember.
    pub(in crate::policy) fn everything() -> Self {
        let parts = PARTS.iter().fold(0, |parts, (part, _, _)| parts | bit(*part));
        Self { parts, headers: Names::All, every_header: Names::All, lasting: false }
    }

    /// Adds the member at `path`, with all that is below it.
    pub(in crate::policy) fn add(&mut self, path: &[&str]) {
        let mut found = false;
        for (part, place, life) in PARTS {
            let Some(below) = overlap(place, path) else { continue };
            found = true;
            self.parts |= bit(*part);
            self.lasting &= *life != Life::Once;
            match part {
                Part::Headers => self.headers.add(below),
                Part::EveryHeader => self.every_header.add(below),
                _ => {}
            }
        }
        if !found {
            *self = Self::everything();
        }
    }

    /// Says that an answer holds only once, whatever is read.
    pub(in crate::policy) fn add_chance(&mut self) {
        self.lasting = false;
    }

    /// Whether the part is read.
    pub(in crate::policy) fn has(&self, part: Part) -> bool {
        self.parts & bit(part) != 0
    }

    /// The names read of `attributes.request.http.headers`.
    pub(in crate::policy) fn headers(&self) -> &Names {
        &self.headers
    }

    /// The names read of `countersign.request.headers`.
    pub(in crate::policy) fn every_header(&self) -> &Names {
        &self.every_header
    }

    /// Whether equal requests have equal answers.
    pub(in crate::policy) fn is_lasting(&self) -> bool {
        self.lasting
    }
}

fn bit(part: Part) -> u64 {
    1 << part as u64
}

/// Whether one of `place` and `path` lies on the way to the other, and what `path` names below
/// `place`.
fn overlap<'p>(place: &str, path: &'p [&'p str]) -> Option<&'p [&'p str]> {
    let mut rest = path;
    for name in place.split('.') {
        let Some((first, more)) = rest.split_first() else { return Some(&[]) };
        if *first != name {
            return None;
        }
        rest = more;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(paths: &[&str]) -> Reads {
        let mut reads = Reads::nothing();
        for path in paths {
            reads.add(&path.split('.').collect::<Vec<_>>());
        }
        reads
    }

    #[test]
    fn a_path_reads_its_part_and_no_other() {
        let reads = reads(&["attributes.request.http.method", "countersign.principal.spiffe_id"]);
        assert!(reads.has(Part::Method) && reads.has(Part::PrincipalId));
        assert!(!reads.has(Part::Host) && !reads.has(Part::Certificate));
        assert!(reads.is_lasting());
    }

    #[test]
    fn a_path_above_parts_reads_them_all() {
        let reads = reads(&["attributes.request"]);
        assert!(reads.has(Part::Method) && reads.has(Part::RequestTime));
        assert!(!reads.has(Part::Source));
        assert_eq!(reads.headers(), &Names::All);
        assert!(!reads.is_lasting(), "it reads the time");
    }

    #[test]
    fn headers_are_read_by_name_until_somebody_reads_them_all() {
        let mut reads = reads(&[
            "attributes.request.http.headers.x-b",
            "attributes.request.http.headers.x-a",
            "attributes.request.http.headers.x-b",
        ]);
        assert_eq!(reads.headers(), &Names::Only(vec!["x-a".into(), "x-b".into()]));
        assert_eq!(reads.every_header(), &Names::Only(vec![]));
        reads.add(&["attributes", "request", "http", "headers"]);
        assert_eq!(reads.headers(), &Names::All);
    }

    #[test]
    fn a_path_that_nobody_knows_reads_everything_and_is_never_remembered() {
        assert_eq!(reads(&["countersign.request.operation"]), Reads::everything());
        assert_eq!(reads(&["parsed_pth"]), Reads::everything());
        let mut all = Reads::nothing();
        all.add(&[]);
        assert!(PARTS.iter().all(|(part, _, _)| all.has(*part)) && !all.is_lasting());
    }

    #[test]
    fn what_changes_with_each_request_is_never_remembered() {
        for once in
            ["parsed_body.a", "countersign.time.hour", "countersign.task", "countersign.mcp"]
        {
            assert!(!reads(&[once]).is_lasting(), "{once}");
        }
    }

    #[test]
    fn there_is_a_bit_for_each_part() {
        assert!(PARTS.len() < 64);
    }
}
