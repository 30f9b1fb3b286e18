//! Whether those whom a trail names agreed to what was carried out: offline, from the signatures on the
//! trail and the keys of the people.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::approval::{Exchange, People, Refusal};
use crate::audit::read::lines;
use crate::clock::Timestamp;
use crate::id::DecisionId;
use crate::proposal::Digest;

/// How much of a trail people agreed to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Agreed {
    /// How many requests.
    pub requests: u64,
    /// How many signatures.
    pub signatures: u64,
}

/// The first intent that says that somebody agreed, and nothing shows that they did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unfounded {
    /// The entry.
    pub entry: u64,
    /// Who is named there.
    pub approver: String,
    /// Why what they signed is nothing; `None`, if there is no signature at all.
    pub why: Option<Refusal>,
}

/// Looks through the trail in `folder`, which was verified before, for what `people` agreed to.
///
/// # Errors
/// If the files cannot be read.
pub fn agreed(folder: &Path, people: &People) -> io::Result<Result<Agreed, Unfounded>> {
    let (mut found, mut signed) = (Agreed::default(), HashMap::new());
    for line in lines(folder)? {
        let line = line?;
        let Ok(entry) = serde_json::from_str::<Entry>(line.as_str()) else { continue };
        match (entry.kind, entry.id.as_deref().and_then(DecisionId::parse)) {
            ("approval", Some(id)) => {
                let proofs: &mut Vec<String> = signed.entry(id).or_default();
                proofs.extend(entry.proof);
                found.signatures += 1;
            }
            ("intent", Some(id)) => {
                let proofs = signed.remove(&id).unwrap_or_default();
                let Some(claim) = entry.claim() else { continue };
                found.requests += 1;
                if let Err(unfounded) = entry.check(&claim, &proofs, people) {
                    return Ok(Err(unfounded));
                }
            }
            _ => {}
        }
    }
    Ok(Ok(found))
}

/// What is looked at of an entry.
#[derive(Debug, Deserialize)]
struct Entry<'a> {
    index: u64,
    time: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    id: Option<String>,
    proof: Option<String>,
    principal: Option<String>,
    method: Option<String>,
    authority: Option<String>,
    path: Option<String>,
    terms: Option<String>,
}

/// That people agreed, as an intent says it.
struct Claim {
    digest: Option<Digest>,
    approvers: Vec<String>,
}

impl Entry<'_> {
    /// Who is said to have agreed, and to what; nothing, if nobody is.
    fn claim(&self) -> Option<Claim> {
        let terms = self.terms.as_deref()?;
        let word = |key| terms.split(' ').find_map(|word| word.strip_prefix(key));
        word("proposal=")?;
        let approvers = word("approvers=").unwrap_or_default().split(',').map(str::to_owned);
        Some(Claim {
            digest: word("digest=").and_then(Digest::parse),
            approvers: approvers.collect(),
        })
    }

    fn check(&self, claim: &Claim, proofs: &[String], people: &People) -> Result<(), Unfounded> {
        let unfounded = |approver: &str, why| {
            let (entry, approver) = (self.index, approver.to_owned());
            Unfounded { entry, approver, why }
        };
        let all = claim.approvers.join(",");
        let exchange = self.exchange(claim).ok_or_else(|| unfounded(&all, None))?;
        let said: Vec<_> = proofs.iter().map(|proof| exchange.agreed(proof, people)).collect();
        let proved = said.iter().flatten().map(|name| name.as_str());
        let proved: HashSet<_> = proved.collect();
        match claim.approvers.iter().find(|name| !proved.contains(name.as_str())) {
            Some(name) => {
                Err(unfounded(name, said.iter().find_map(|one| one.as_ref().err().copied())))
            }
            None => Ok(()),
        }
    }

    fn exchange(&self, claim: &Claim) -> Option<Exchange<'_>> {
        Some(Exchange {
            digest: claim.digest?,
            principal: self.principal.as_deref()?,
            method: self.method.as_deref()?,
            authority: self.authority.as_deref()?,
            path: self.path.as_deref()?,
            at: Timestamp::parse(self.time)?,
        })
    }
}

impl fmt::Display for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, signatures } = self;
        write!(
            f,
            "{requests} requests that people agreed to, by {signatures} signatures, all theirs"
        )
    }
}

impl fmt::Display for Unfounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, approver, why } = self;
        write!(f, "entry {entry}: nothing shows that {approver} agreed")?;
        why.map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}
