//! Uuids as the IDL writes them.

use std::hash::{Hash, Hasher};

/// The text of a uuid: 32 hexadecimal digits, with or without hyphens in their places
/// and braces, as they are written. Two are equal if their digits are: case, hyphens
/// and braces mean nothing.
#[derive(Clone, Debug)]
pub struct UuidText(String);

impl UuidText {
    /// The uuid of a text; none if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bare = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or(text);
        let well_formed = match bare.len() {
            32 => bare.bytes().all(|byte| byte.is_ascii_hexdigit()),
            36 => bare.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            }),
            _ => false,
        };
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        let digits = self.0.bytes().filter(u8::is_ascii_hexdigit);
        digits.map(|digit| digit.to_ascii_lowercase())
    }
}

impl PartialEq for UuidText {
    fn eq(&self, other: &Self) -> bool {
        self.digits().eq(other.digits())
    }
}

impl Eq for UuidText {}

impl Hash for UuidText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digits().for_each(|digit| digit.hash(state));
    }
}
