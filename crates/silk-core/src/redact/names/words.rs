//! Names as words, and letters without accents.

/// The words of a name in lower case, without accents: `X-Api-Key`, `x_api_key`, `xApiKey` and
/// `XApiKey` have the same. Digits at the end of a word do not count: `password2`.
pub(in crate::redact) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = name.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        if is_accent(character) {
            continue;
        }
        if !character.is_alphanumeric() {
            end(&mut words, &mut word);
        } else {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let starts = character.is_uppercase()
                && (before.is_lowercase()
                    || ((before.is_uppercase() || before.is_numeric()) && next_is_lower));
            if starts {
                end(&mut words, &mut word);
            }
            if character.is_ascii() {
                word.push(character.to_ascii_lowercase());
            } else {
                for lower in character.to_lowercase() {
                    plain(lower, &mut word);
                }
            }
        }
        before = character;
    }
    end(&mut words, &mut word);
    words
}

fn end(words: &mut Vec<String>, word: &mut String) {
    let length = word
        .trim_end_matches(|character: char| character.is_ascii_digit())
        .len();
    if length > 0 {
        word.truncate(length);
    }
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// A mark that stands behind its letter.
const fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// A lower-case letter without its accent.
fn plain(letter: char, out: &mut String) {
    const PLAIN: &[(&str, &str)] = &[
        ("àáâãäåāăąạảấầẩẫậắằẳẵặ", "a"),
        ("çćĉċč", "c"),
        ("ďđð", "d"),
        ("èéêëēĕėęěẹẻẽếềểễệ", "e"),
        ("ĝğġģ", "g"),
        ("ìíîïĩīĭįıỉị", "i"),
        ("ķ", "k"),
        ("ĺļľł", "l"),
        ("ñńņň", "n"),
        ("òóôõöøōŏőơọỏốồổỗộớờởỡợ", "o"),
        ("ŕŗř", "r"),
        ("śŝşšș", "s"),
        ("ţťț", "t"),
        ("ùúûüũūŭůűųưụủứừửữự", "u"),
        ("ýÿỳỵỷỹ", "y"),
        ("źżž", "z"),
        ("ß", "ss"),
        ("æ", "ae"),
        ("œ", "oe"),
        ("ё", "е"),
        ("ς", "σ"),
        ("ά", "α"),
        ("έ", "ε"),
        ("ή", "η"),
        ("ί", "ι"),
        ("ό", "ο"),
        ("ύ", "υ"),
        ("ώ", "ω"),
    ];
    if is_accent(letter) {
        return;
    }
    let found = PLAIN.iter().find(|(letters, _)| letters.contains(letter));
    match found {
        Some((_, plain)) => out.push_str(plain),
        None => out.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words("X-Api-Key"), ["x", "api", "key"]);
        assert_eq!(words("HTTPServerKey"), ["http", "server", "key"]);
        assert_eq!(words("userPassword2"), ["user", "password"]);
        assert_eq!(words("USER_PASSWORD"), ["user", "password"]);
        assert_eq!(words("user[password]"), ["user", "password"]);
    }

    #[test]
    fn accents_and_case_do_not_count() {
        assert_eq!(words("Contraseña"), ["contrasena"]);
        assert_eq!(words("CONTRASEN\u{303}A"), ["contrasena"]);
        assert_eq!(words("Mật_Khẩu"), ["mat", "khau"]);
        assert_eq!(words("ПАРОЛЬ"), ["пароль"]);
        assert_eq!(words("numéroDeCarte"), ["numero", "de", "carte"]);
        assert_eq!(words("用户密码"), ["用户密码"]);
    }
}
