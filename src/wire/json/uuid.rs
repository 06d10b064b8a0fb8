//! Uuids as text: `01234567-89ab-cdef-0123-456789abcdef`.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Whether a hyphen comes before the byte with this index.
const fn after_hyphen(index: usize) -> bool {
    matches!(index, 4 | 6 | 8 | 10)
}

/// The text, in quotes.
#[must_use]
pub fn format(value: [u8; 16]) -> [u8; 38] {
    let mut text = [b'"'; 38];
    let mut place = 1;
    for (index, byte) in value.into_iter().enumerate() {
        if after_hyphen(index) {
            text[place] = b'-';
            place += 1;
        }
        text[place] = DIGITS[usize::from(byte >> 4)];
        text[place + 1] = DIGITS[usize::from(byte & 0x0f)];
        place += 2;
    }
    text
}

/// The uuid of a text with all hyphens or none.
#[must_use]
pub fn parse(text: &[u8]) -> Option<[u8; 16]> {
    let hyphens = match text.len() {
        32 => false,
        36 => true,
        _ => return None,
    };
    let mut rest = text;
    let mut value = [0; 16];
    for (index, byte) in value.iter_mut().enumerate() {
        if hyphens && after_hyphen(index) {
            rest = rest.strip_prefix(b"-")?;
        }
        let ([high, low], after) = rest.split_first_chunk::<2>()?;
        *byte = digit(*high)? << 4 | digit(*low)?;
        rest = after;
    }
    Some(value)
}

fn digit(character: u8) -> Option<u8> {
    Some(char::from(character).to_digit(16)? as u8)
}
