//! Bytes as base64.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// No character of base64.
const NONE: u8 = 0xff;

const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Bytes that are encoded at once: whole groups of three.
const AT_ONCE: usize = 3 * 64;

/// Encodes bytes, with padding; `put` gets the text in pieces.
pub fn encode(bytes: &[u8], mut put: impl FnMut(&[u8])) {
    let mut block = [0; AT_ONCE / 3 * 4];
    for piece in bytes.chunks(AT_ONCE) {
        let (groups, rest) = piece.as_chunks::<3>();
        let mut length = 0;
        for (place, group) in block.as_chunks_mut::<4>().0.iter_mut().zip(groups) {
            *place = quartet(*group);
            length += 4;
        }
        if let Some(first) = rest.first() {
            let mut last = quartet([*first, rest.get(1).copied().unwrap_or(0), 0]);
            last[rest.len() + 1..].fill(b'=');
            block[length..length + 4].copy_from_slice(&last);
            length += 4;
        }
        put(&block[..length]);
    }
}

#[inline]
fn quartet([first, second, third]: [u8; 3]) -> [u8; 4] {
    let word = u32::from(first) << 16 | u32::from(second) << 8 | u32::from(third);
    [18, 12, 6, 0].map(|shift| ALPHABET[(word >> shift & 0x3f) as usize])
}

/// How many bytes are in a text, which is taken to be base64.
pub fn decoded_size(text: &[u8]) -> usize {
    let padding = text.iter().rev().take(2).filter(|c| **c == b'=').count();
    (text.len() * 3 / 4).saturating_sub(padding)
}

/// Decodes a text, which may lack its padding, to `bytes`; whether it is
/// base64.
pub fn decode(text: &[u8], bytes: &mut Vec<u8>) -> bool {
    let padding = text.iter().rev().take(2).filter(|c| **c == b'=').count();
    let digits = &text[..text.len() - padding];
    bytes.reserve(digits.len() / 4 * 3 + 3);
    let (groups, rest) = digits.as_chunks::<4>();
    // The highest bit of a value is set where a character is none of base64.
    let mut all = 0;
    for group in groups {
        let values = group.map(|character| VALUES[usize::from(character)]);
        all |= values.iter().fold(0, |all, value| all | value);
        bytes.extend_from_slice(&triple(values));
    }
    if rest.len() == 1 || padding > (4 - rest.len()) % 4 {
        return false;
    }
    if !rest.is_empty() {
        let mut values = [0; 4];
        for (value, character) in values.iter_mut().zip(rest) {
            *value = VALUES[usize::from(*character)];
            all |= *value;
        }
        bytes.extend_from_slice(&triple(values)[..rest.len() - 1]);
    }
    all & 0x80 == 0
}

#[inline]
fn triple(values: [u8; 4]) -> [u8; 3] {
    let word = values
        .into_iter()
        .fold(0_u32, |word, value| word << 6 | u32::from(value & 0x3f));
    let [_, first, second, third] = word.to_be_bytes();
    [first, second, third]
}

/// Whether a text is base64.
pub fn is_valid(text: &[u8]) -> bool {
    decode(text, &mut Vec::new())
}

#[cfg(test)]
mod tests {
    use super::{decode, decoded_size, encode};

    #[test]
    fn bytes_come_back() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for length in (0..20).chain([190, 191, 192, 193, 194, 1000]) {
            let mut text = Vec::new();
            encode(&bytes[..length], |piece| text.extend_from_slice(piece));
            assert_eq!(text.len(), length.div_ceil(3) * 4);
            assert_eq!(decoded_size(&text), length);
            let unpadded = text.iter().position(|c| *c == b'=').unwrap_or(text.len());
            for text in [&text[..], &text[..unpadded]] {
                let mut found = Vec::new();
                assert!(decode(text, &mut found));
                assert_eq!(found, &bytes[..length]);
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in [
            "*", "A", "AAAAA", "A=", "=", "====", "AAA==", "AAAA=", "AA=A", "AA A", "é",
        ] {
            assert!(!decode(text.as_bytes(), &mut Vec::new()), "{text}");
        }
        for text in ["", "AA", "AA=", "AA==", "AAA", "AAA=", "AAAA"] {
            assert!(decode(text.as_bytes(), &mut Vec::new()), "{text}");
        }
    }
}
