//! Numbers as text.

use super::short_text::ShortText;

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The longest text of an `i64` has a sign and 19 digits.
const LONGEST: usize = 20;

/// An integer as text.
pub struct Digits {
    text: [u8; LONGEST],
    start: usize,
}

impl Digits {
    /// Formats an integer.
    #[inline]
    #[must_use]
    pub fn of(value: i64) -> Self {
        let mut text = [0; LONGEST];
        let mut start = LONGEST;
        let mut rest = value.unsigned_abs();
        while rest >= 100 {
            start -= 2;
            text[start..start + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
            rest /= 100;
        }
        if rest >= 10 {
            start -= 2;
            text[start..start + 2].copy_from_slice(&PAIRS[rest as usize]);
        } else {
            start -= 1;
            text[start] = b'0' + rest as u8;
        }
        if value < 0 {
            start -= 1;
            text[start] = b'-';
        }
        Self { text, start }
    }

    /// The text.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

/// A double as Apache's Python library writes it: 17 digits, as by `%.17g` of
/// C. `put` gets the text; it is quoted where the value is no number.
pub fn format_double(value: f64, put: impl FnOnce(&[u8])) {
    // Up to here all whole numbers are exact and have fewer than 17 digits.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::float_cmp, reason = "whether it is this very number")]
    let is_whole = value.abs() <= EXACT && value.trunc() == value;
    if value.is_nan() {
        return put(b"\"NaN\"");
    }
    if value.is_infinite() {
        return put(if value > 0.0 {
            b"\"Infinity\""
        } else {
            b"\"-Infinity\""
        });
    }
    if value == 0.0 {
        return put(if value.is_sign_negative() {
            b"-0"
        } else {
            b"0"
        });
    }
    if is_whole {
        return put(Digits::of(value as i64).as_bytes());
    }
    let (digits, exponent) = exact_digits(value).unwrap_or_else(|| general_digits(value));
    lay_out(value < 0.0, &digits, exponent, put);
}

/// Digits that are written of a double.
const PRECISION: i32 = 17;

/// The first 17 digits of a double, and the power of ten of the first.
type Decimal = ([u8; PRECISION as usize], i32);

/// The digits of a double of middling size, of which all bits fit into 128 as
/// an integer of so many decimal places.
#[inline]
fn exact_digits(value: f64) -> Option<Decimal> {
    const LEAST: u64 = 10_u64.pow(PRECISION as u32 - 1);
    let bits = value.to_bits();
    let binary_exponent = (bits >> 52 & 0x7ff) as i32 - 1023;
    // From a millionth to 2^52.
    if !(-19..52).contains(&binary_exponent) {
        return None;
    }
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let shift = (52 - binary_exponent) as u32;
    // As large as log10(2) makes it, or one larger.
    let mut exponent = (binary_exponent * 1233) >> 12;
    let scaled = |exponent: i32| mantissa * 10_u128.pow((PRECISION - 1 - exponent) as u32);
    let mut number = scaled(exponent);
    if number >> shift >= u128::from(10 * LEAST) {
        exponent += 1;
        number = scaled(exponent);
    }
    let mut whole = (number >> shift) as u64;
    let rest = number & ((1 << shift) - 1);
    let half = 1_u128 << (shift - 1);
    if rest > half || rest == half && whole & 1 == 1 {
        whole += 1;
    }
    if whole == 10 * LEAST {
        whole = LEAST;
        exponent += 1;
    }
    let digits = Digits::of(whole as i64);
    Some((digits.as_bytes().try_into().ok()?, exponent))
}

/// The digits of any double.
#[cold]
fn general_digits(value: f64) -> Decimal {
    // d.dddddddddddddddde[-]x; writing to a `ShortText` cannot fail.
    let mut scientific = ShortText::new();
    let _ = std::fmt::Write::write_fmt(&mut scientific, format_args!("{:.16e}", value.abs()));
    let text = scientific.as_bytes();
    let mantissa_end = text.iter().position(|byte| *byte == b'e').unwrap_or(0);
    let exponent = text[mantissa_end..].iter().skip(1);
    let (exponent, sign) = exponent.fold((0, 1), |(number, sign), byte| match byte {
        b'-' => (number, -1),
        digit => (number * 10 + i32::from(digit - b'0'), sign),
    });
    let mut digits = [b'0'; PRECISION as usize];
    let found = text[..mantissa_end].iter().filter(|byte| **byte != b'.');
    for (place, digit) in digits.iter_mut().zip(found) {
        *place = *digit;
    }
    (digits, sign * exponent)
}

/// Writes digits as `%g` of C does.
fn lay_out(negative: bool, digits: &[u8], exponent: i32, put: impl FnOnce(&[u8])) {
    let last = digits.iter().rposition(|digit| *digit != b'0').unwrap_or(0);
    let digits = &digits[..=last];

    let mut out = ShortText::new();
    if negative {
        out.put(b"-");
    }
    if !(-4..PRECISION).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        out.put(first);
        if !rest.is_empty() {
            out.put(b".");
            out.put(rest);
        }
        out.put(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.put(b"0");
        }
        out.put(Digits::of(exponent.abs().into()).as_bytes());
    } else if exponent < 0 {
        out.put(b"0.");
        out.put(&b"000"[..(-exponent - 1) as usize]);
        out.put(digits);
    } else {
        let point = exponent as usize + 1;
        let (before, after) = digits.split_at(point.min(digits.len()));
        out.put(before);
        out.put(&[b'0'; PRECISION as usize][..point - before.len()]);
        if !after.is_empty() {
            out.put(b".");
            out.put(after);
        }
    }
    put(out.as_bytes());
}

/// The integer at the start of a text, and its length; none where there is
/// something else, or behind it what only a double has.
#[inline]
#[must_use]
pub fn parse_integer(text: &[u8]) -> Option<(i64, usize)> {
    let negative = text.first() == Some(&b'-');
    let digits = &text[usize::from(negative)..];
    let mut value: u64 = 0;
    let mut length = 0;
    if let Some(eight) = digits.first_chunk().and_then(|text| eight_digits(*text)) {
        value = eight;
        length = 8;
    }
    while let Some(digit @ b'0'..=b'9') = digits.get(length) {
        // Nineteen digits fit.
        if length == 19 {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
        length += 1;
    }
    let leading_zero = length > 1 && digits[0] == b'0';
    if length == 0
        || leading_zero
        || matches!(digits.get(length), Some(b'.' | b'e' | b'E'))
        || value > i64::MAX as u64 + u64::from(negative)
    {
        return None;
    }
    let value = if negative {
        (value as i64).wrapping_neg()
    } else {
        value as i64
    };
    Some((value, length + usize::from(negative)))
}

/// The integer that a token is, with zeros in front, which JSON does not know.
#[must_use]
pub fn padded_integer(token: &[u8]) -> Option<i64> {
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(token).ok()?.parse().ok()
}

/// The number that eight digits are; none where one of them is no digit. All
/// at once: pairs of digits become numbers, then pairs of those, and so on.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    const HIGH_HALVES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const THREES: u64 = 0x3333_3333_3333_3333;
    const SIXES: u64 = 0x0606_0606_0606_0606;
    let word = u64::from_le_bytes(text);
    // A digit has a 3 in its upper half, and still with 6 more.
    let halves = word & HIGH_HALVES | (word.wrapping_add(SIXES) & HIGH_HALVES) >> 4;
    if halves != THREES {
        return None;
    }
    let ones = word & 0x0f0f_0f0f_0f0f_0f0f;
    let twos = (ones.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(1 + (10_000 << 32)) >> 32)
}

/// A number or a word for one, as it stands at the start of a text.
#[must_use]
pub fn token(text: &[u8]) -> &[u8] {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    &text[..text.iter().take_while(|byte| part(byte)).count()]
}

/// The number or word at the start of a text, and its length. JSON has the
/// words `true` and `false`; `NaN` and `Infinity` are those of many libraries,
/// `nan` and `inf` those of Apache's for Python.
#[inline]
#[must_use]
pub fn parse_double(text: &[u8]) -> Option<(f64, usize)> {
    let Some(number) = Number::at_start(text) else {
        return parse_word(text);
    };
    let value = match number.exact() {
        Some(value) => value,
        None => std::str::from_utf8(&text[..number.length])
            .ok()?
            .parse()
            .ok()?,
    };
    // An integer that no double can hold is no double.
    (!number.whole || f64::is_finite(value)).then_some((value, number.length))
}

#[cold]
fn parse_word(text: &[u8]) -> Option<(f64, usize)> {
    let token = token(text);
    let value = match token {
        b"true" => 1.0,
        b"false" => 0.0,
        b"NaN" | b"nan" => f64::NAN,
        b"Infinity" | b"inf" => f64::INFINITY,
        b"-Infinity" | b"-inf" => f64::NEG_INFINITY,
        _ => return None,
    };
    Some((value, token.len()))
}

/// A number of JSON.
struct Number {
    length: usize,
    negative: bool,
    /// Whether it has neither fraction nor exponent.
    whole: bool,
    /// Its digits, as far as they fit.
    digits: u64,
    /// How many digits there are, with zeros in front.
    count: usize,
    /// The power of ten of the last digit.
    exponent: i32,
}

impl Number {
    /// The number at the start of a text.
    #[inline]
    fn at_start(text: &[u8]) -> Option<Self> {
        let negative = text.first() == Some(&b'-');
        let start = usize::from(negative);
        let mut digits = 0_u64;
        let mut take = |mut place: usize| {
            let before = place;
            while let Some(digit @ b'0'..=b'9') = text.get(place) {
                digits = digits.wrapping_mul(10).wrapping_add((digit - b'0').into());
                place += 1;
            }
            (place > before).then_some(place)
        };
        let mut length = take(start)?;
        let mut count = length - start;
        if count > 1 && text[start] == b'0' {
            return None;
        }
        let mut exponent = 0;
        let mut whole = true;
        if text.get(length) == Some(&b'.') {
            let end = take(length + 1)?;
            let decimals = end - length - 1;
            count += decimals;
            exponent = -i32::try_from(decimals).ok()?;
            length = end;
            whole = false;
        }
        if matches!(text.get(length), Some(b'e' | b'E')) {
            let (power, end) = power_of_ten(text, length + 1)?;
            exponent = exponent.saturating_add(power);
            length = end;
            whole = false;
        }
        Some(Self {
            length,
            negative,
            whole,
            digits,
            count,
            exponent,
        })
    }

    /// Its value, where one operation on doubles that are exact gives it.
    #[inline]
    fn exact(&self) -> Option<f64> {
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
        ];
        // Nineteen digits fit.
        if self.count > 19 || self.digits > 1 << f64::MANTISSA_DIGITS {
            return None;
        }
        let power = POWERS.get(self.exponent.unsigned_abs() as usize)?;
        #[expect(clippy::cast_precision_loss, reason = "it is small enough to be exact")]
        let digits = self.digits as f64;
        let size = if self.exponent < 0 {
            digits / power
        } else {
            digits * power
        };
        Some(if self.negative { -size } else { size })
    }
}

/// The power of ten that stands at a place, and where it ends.
#[cold]
fn power_of_ten(text: &[u8], place: usize) -> Option<(i32, usize)> {
    let negative = text.get(place) == Some(&b'-');
    let signed = negative || text.get(place) == Some(&b'+');
    let start = place + usize::from(signed);
    let mut end = start;
    let mut power = 0_i32;
    while let Some(digit @ b'0'..=b'9') = text.get(end) {
        power = power
            .saturating_mul(10)
            .saturating_add((digit - b'0').into());
        end += 1;
    }
    (end > start).then_some((if negative { -power } else { power }, end))
}

/// The whole number that a double is, if an `i64` can hold it.
#[must_use]
pub fn whole(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let fits = (-LIMIT..LIMIT).contains(&value) && value.fract() == 0.0;
    fits.then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::{
        Digits, eight_digits, exact_digits, format_double, general_digits, padded_integer,
        parse_double, parse_integer, whole,
    };

    fn double(value: f64) -> String {
        let mut text = String::new();
        format_double(value, |bytes| {
            text = String::from_utf8(bytes.to_vec()).unwrap();
        });
        text
    }

    #[test]
    fn eight_digits_are_read_at_once() {
        for number in [0, 1, 12_345_678, 90_000_009, 99_999_999] {
            let text = format!("{number:08}");
            let eight = text
                .as_bytes()
                .first_chunk()
                .and_then(|text| eight_digits(*text));
            assert_eq!(eight, Some(number));
        }
        for place in 0..8 {
            for byte in (0..=255).filter(|byte: &u8| !byte.is_ascii_digit()) {
                let mut text = *b"19283746";
                text[place] = byte;
                assert_eq!(eight_digits(text), None, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn zeros_may_stand_before_an_integer() {
        for (text, value) in [
            ("-000000000001", Some(-1)),
            ("007", Some(7)),
            ("00", Some(0)),
            ("-00", Some(0)),
            ("009223372036854775807", Some(i64::MAX)),
            ("-009223372036854775808", Some(i64::MIN)),
            ("009223372036854775808", None),
            ("", None),
            ("-", None),
            ("--1", None),
            ("0-1", None),
            ("01x", None),
            ("01.5", None),
        ] {
            assert_eq!(padded_integer(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn doubles_are_those_of_c() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-12.0, "-12"),
            (0.5, "0.5"),
            (0.1, "0.10000000000000001"),
            (12.3456, "12.345599999999999"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (12_345_678_901_234_568.0, "12345678901234568"),
            (1e-4, "0.0001"),
            (1e-5, "1.0000000000000001e-05"),
            (1e300, "1.0000000000000001e+300"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            // Exactly between two texts: the even one.
            (2.0_f64.powi(-25), "2.9802322387695312e-08"),
            (1e100, "1e+100"),
            (f64::INFINITY, "\"Infinity\""),
        ] {
            assert_eq!(double(value), text);
        }
    }

    #[test]
    fn both_ways_to_the_digits_agree() {
        let mut bits: u64 = 0x3eb0_c6f7_a0b5_ed8d;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let exponent = 1023 - 20 + (bits >> 33) % 74;
            let value = f64::from_bits(bits >> 12 | exponent << 52);
            if let Some(digits) = exact_digits(value) {
                assert_eq!(digits, general_digits(value), "{value:e}");
            }
        }
        for power in 1..26 {
            for value in [2.0_f64.powi(-power), 2.0_f64.powi(-power) + 1.0] {
                let digits = exact_digits(value).unwrap_or_else(|| general_digits(value));
                assert_eq!(digits, general_digits(value));
            }
        }
    }

    #[test]
    fn integers_come_back() {
        for value in [0, 7, 10, 99, 100, 12_345, i64::MAX, i64::MIN, -1, -10] {
            let digits = Digits::of(value);
            assert_eq!(digits.as_bytes(), value.to_string().as_bytes());
            let text = [digits.as_bytes(), b","].concat();
            assert_eq!(parse_integer(&text), Some((value, text.len() - 1)));
        }
        for text in [
            "",
            "-",
            "01",
            "1.0",
            "1e3",
            "9223372036854775808",
            "+1",
            "x",
        ] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn doubles_come_back_and_words_are_known() {
        for value in [0.1, -12.5, 1e300, 5e-324, f64::MIN] {
            let text = double(value);
            assert_eq!(parse_double(text.as_bytes()), Some((value, text.len())));
        }
        for text in [
            "1e22",
            "1e23",
            "9007199254740993",
            "0.30000000000000004",
            "123456e-22",
            "4503599627370497.5",
            "-0.0",
            "0.000000000000000000000001",
            "1e-400",
            "7e400",
        ] {
            let parsed = parse_double(text.as_bytes());
            assert_eq!(parsed, Some((text.parse().unwrap(), text.len())), "{text}");
        }
        for text in [
            "nano", "+inf", "--inf", "NAN", "1.", ".5", "01", "1e", "1e+", "", "+1",
        ] {
            assert_eq!(parse_double(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_double("9".repeat(400).as_bytes()), None);
        assert_eq!(parse_double(b"1.5e3,"), Some((1500.0, 5)));
        let infinity = Some((f64::NEG_INFINITY, 9));
        assert_eq!(parse_double(b"-Infinity]"), infinity);
        assert_eq!(whole(12_345.0), Some(12_345));
        assert_eq!(whole(1.5), None);
        assert_eq!(whole(1e300), None);
        assert_eq!(whole(f64::NAN), None);
    }
}
