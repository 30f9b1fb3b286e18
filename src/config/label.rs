//! Labels as operators write them.

use crate::config::text::Written;
use crate::task::Label;

impl Written for Label {
    const WHAT: &'static str = "a label";
    const NAME: &'static str = "Label";
    const PATTERN: &'static str = "^[a-z0-9_-]{1,64}$";

    fn read(text: &str) -> Result<Self, String> {
        let message = "not a label; write 1 to 64 lower-case letters, digits, `_` and `-`";
        Self::parse(text).ok_or_else(|| message.to_owned())
    }
}
