//! Whether a request could be sent once people agreed: looked at before anybody is bothered with it.

use std::rc::Rc;

use crate::enforce::{Ask, consider};
use crate::policy::Approval;
use crate::proposal::{Digest, Draft, Oversized};
use crate::proxy::account::Account;
use crate::proxy::failure::Failure;

/// Looks whether what `draft` is about could be sent: people can be shown it whole, its credential is
/// there, its upstream's name leads somewhere, and the rules would let it pass if people agreed.
///
/// # Errors
/// [`Failure::Oversized`], [`Failure::Unsigned`], [`Failure::Upstream`] or [`Failure::Refused`], and why
/// not; nothing is then put forward.
pub(super) async fn check(account: &Account, ask: &Ask, draft: &Draft) -> Result<(), Failure> {
    if !draft.terms.needs.is_empty() && !draft.substance.request().can_be_shown() {
        return Err(Oversized::Hidden.into());
    }
    let upstream = &ask.target.route().upstream;
    if let Some(credential) = draft.substance.credential() {
        account.view.snapshot.credentials.check(credential, upstream)?;
    }
    account.plane.client.resolve(upstream).await?;
    would_pass(account, ask, draft)
}

/// Whether the rules let it pass if everybody agreed who may, or else if any set of people did of
/// which none could be left out. Rules may ask for so many and no more.
///
/// # Errors
/// [`Failure::Refused`], if they let it pass for none of them.
fn would_pass(account: &Account, ask: &Ask, draft: &Draft) -> Result<(), Failure> {
    let people = &account.view.snapshot.people;
    let (everybody, fewest) = people.who_could_agree(&draft.terms, &draft.substance);
    // Where nobody could agree yet, there is no telling what the rules would say to who will.
    if draft.terms.needs.is_empty() || everybody.is_empty() {
        return Ok(());
    }
    let asked = |approvers: &[String]| {
        let approval = Approval {
            proposal: draft.id,
            approvers: approvers.to_vec(),
            standing: Vec::new(),
            break_glass: None,
            digest: Digest::of(&draft.substance).to_string(),
            decided_at: ask.now,
            proofs: Vec::new(),
        };
        let agreed = Ask { approval: Some(Rc::new(approval)), ..ask.clone() };
        consider(&mut account.view.judge.borrow_mut(), agreed)
    };
    let Err(refusal) = asked(&everybody) else { return Ok(()) };
    let Some(sets) = sets(&everybody, fewest) else { return Ok(()) };
    match sets.iter().any(|set| asked(set).is_ok()) {
        true => Ok(()),
        false => Err(refusal.into()),
    }
}

/// Every set of `size` of `names`, in their order; nothing, if they are more than [`MOST`].
fn sets(names: &[String], size: usize) -> Option<Vec<Vec<String>>> {
    let mut sets: Vec<Vec<String>> = vec![Vec::new()];
    for (at, name) in names.iter().enumerate() {
        let left = names.len() - at - 1;
        let longer = sets.iter().filter(|set| set.len() < size).map(|set| {
            let mut longer = set.clone();
            longer.push(name.clone());
            longer
        });
        let longer: Vec<_> = longer.collect();
        sets.extend(longer);
        // What cannot become as large as it has to be is dropped at once.
        sets.retain(|set| set.len() + left >= size);
        if sets.len() > MOST {
            return None;
        }
    }
    Some(sets)
}

/// The most sets of people that the rules are asked about: each takes a decision, on a worker that
/// others wait for.
const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::{MOST, sets};

    #[test]
    fn every_set_of_a_size_is_there_once() {
        let names: Vec<_> = ["a", "b", "c"].map(str::to_owned).into();
        let found = |size| {
            let mut found: Vec<_> =
                sets(&names, size).unwrap().iter().map(|set| set.concat()).collect();
            found.sort();
            found
        };
        assert_eq!(found(1), ["a", "b", "c"]);
        assert_eq!(found(2), ["ab", "ac", "bc"]);
        assert_eq!(found(3), ["abc"]);
        let many: Vec<_> = (0..MOST + 1).map(|number| number.to_string()).collect();
        assert_eq!((sets(&many, 1), sets(&many, 2)), (None, None));
        assert!(sets(&many[..6], 2).is_some());
    }
}
