//! Bytes as base64: long ones by vector instructions, where the processor has
//! them, and short ones by tables.

use base64_simd::{AsOut, STANDARD_NO_PAD};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Two characters for each 12 bits.
static PAIRS: [[u8; 2]; 4096] = {
    let mut pairs = [[0; 2]; 4096];
    let mut bits = 0;
    while bits < pairs.len() {
        pairs[bits] = [ALPHABET[bits >> 6], ALPHABET[bits & 0x3f]];
        bits += 1;
    }
    pairs
};

/// Set in what [`VALUES`] has for a character that is none of base64.
const NONE: u32 = 1 << 24;

/// The bits of a character, at each of four places.
static VALUES: [[u32; 256]; 4] = {
    let mut values = [[NONE; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut value = 0;
        while value < ALPHABET.len() {
            values[place][ALPHABET[value] as usize] = (value as u32) << (18 - 6 * place);
            value += 1;
        }
        place += 1;
    }
    values
};

/// Bytes that are encoded at once: whole groups of three.
const AT_ONCE: usize = 3 * 1024;

/// Groups of three bytes, or of four characters, from which on they are not
/// looked up one by one.
const MANY: usize = 16;

/// Encodes bytes, with padding; `put` gets the text in pieces.
pub fn encode(bytes: &[u8], mut put: impl FnMut(&[u8])) {
    let mut block = [0; AT_ONCE / 3 * 4];
    for piece in bytes.chunks(AT_ONCE) {
        let (groups, rest) = piece.as_chunks::<3>();
        let mut length = 4 * groups.len();
        if groups.len() >= MANY {
            let _ = STANDARD_NO_PAD.encode(groups.as_flattened(), block.as_mut_slice().as_out());
        } else {
            for (place, group) in block.as_chunks_mut::<4>().0.iter_mut().zip(groups) {
                *place = quartet(*group);
            }
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
    let [a, b] = PAIRS[(word >> 12) as usize & 0xfff];
    let [c, d] = PAIRS[word as usize & 0xfff];
    [a, b, c, d]
}

/// How many bytes are in a text, which is taken to be base64.
#[must_use]
pub fn decoded_size(text: &[u8]) -> usize {
    let padding = text.iter().rev().take(2).filter(|c| **c == b'=').count();
    (text.len() * 3 / 4).saturating_sub(padding)
}

/// The characters of a text that stand for bits, in groups of four and what is
/// left of them; none where there are not as many as base64 has, nor as much
/// padding.
fn digits(text: &[u8]) -> Option<(&[[u8; 4]], &[u8])> {
    let padding = text.iter().rev().take(2).filter(|c| **c == b'=').count();
    let digits = &text[..text.len() - padding];
    let (groups, rest) = digits.as_chunks::<4>();
    (rest.len() != 1 && padding <= (4 - rest.len()) % 4).then_some((groups, rest))
}

/// How many bytes a text decodes to, which may lack its padding; none where it
/// is not as long as base64 is.
#[must_use]
pub fn exact_size(text: &[u8]) -> Option<usize> {
    let (groups, rest) = digits(text)?;
    Some(3 * groups.len() + rest.len().saturating_sub(1))
}

/// Decodes a text of which [`exact_size`] is the length of `bytes`; whether it
/// is base64.
#[must_use]
pub fn decode_to(text: &[u8], bytes: &mut [u8]) -> bool {
    let Some((groups, rest)) = digits(text) else {
        return false;
    };
    let Some((whole, end)) = bytes.split_at_mut_checked(3 * groups.len()) else {
        return false;
    };
    let mut all = 0;
    if groups.len() >= MANY {
        let digits = groups.as_flattened();
        if STANDARD_NO_PAD.decode(digits, whole.as_out()).is_err() {
            return false;
        }
    } else {
        for (place, group) in whole.as_chunks_mut::<3>().0.iter_mut().zip(groups) {
            let word = bits(*group);
            all |= word;
            *place = triple(word);
        }
    }
    if !rest.is_empty() {
        let mut last = [b'A'; 4];
        last[..rest.len()].copy_from_slice(rest);
        let word = bits(last);
        all |= word;
        for (place, byte) in end.iter_mut().zip(triple(word)) {
            *place = byte;
        }
    }
    all & NONE == 0
}

/// Decodes a text, which may lack its padding, to `bytes`; whether it is
/// base64.
pub fn decode(text: &[u8], bytes: &mut Vec<u8>) -> bool {
    let Some(size) = exact_size(text) else {
        return false;
    };
    bytes.clear();
    bytes.resize(size, 0);
    decode_to(text, bytes)
}

/// The 24 bits of four characters, or [`NONE`].
#[inline]
fn bits([a, b, c, d]: [u8; 4]) -> u32 {
    VALUES[0][usize::from(a)]
        | VALUES[1][usize::from(b)]
        | VALUES[2][usize::from(c)]
        | VALUES[3][usize::from(d)]
}

#[inline]
const fn triple(word: u32) -> [u8; 3] {
    let [_, first, second, third] = word.to_be_bytes();
    [first, second, third]
}

/// Whether a text is base64.
#[must_use]
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
