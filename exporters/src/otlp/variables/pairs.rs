//! Lists of pairs: `key1=value1,key2=value2`, which is W3C Baggage without properties.

use std::collections::BTreeMap;

/// Reads the pairs, whose names and values are percent-encoded. If one cannot be read, none is.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, String>, &'static str> {
    let pairs = text.split(',').map(str::trim);
    let pairs = pairs.filter(|pair| !pair.is_empty());
    pairs.map(pair).collect()
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text
        .split_once('=')
        .ok_or("it is not a list of pairs, as in \"a=1,b=2\"")?;
    let key = decode(key.trim())?;
    if key.is_empty() {
        return Err("a pair has no name");
    }
    Ok((key, decode(value.trim())?))
}

/// Decodes percent-encoded bytes.
fn decode(text: &str) -> Result<String, &'static str> {
    const ERROR: &str = "a percent sign is not followed by two hexadecimal digits of UTF-8";
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => return Err(ERROR),
        }
    }
    String::from_utf8(decoded).map_err(|_| ERROR)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn names_and_values_are_percent_encoded_and_surrounded_by_spaces() {
        let pairs = read(" a = x%20y%2C%3d , b%2Ec=%C3%A4,,d==e,f=").unwrap();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let expected = [("a", "x y,="), ("b.c", "ä"), ("d", "=e"), ("f", "")];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_mistake_refuses_the_whole_list() {
        for text in [
            "a", "a=1,b", "=1", "%20", "a=%", "a=%2", "a=%g0", "a=%ff", "%ff=a",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
