//! Words behind which a sentence gives a secret, found by one comparison.

/// Beginnings of words in other scripts that name a secret.
const NAMED: &[&str] = &[
    "парол",
    "Парол",
    "ПАРОЛ",
    "токен",
    "Токен",
    "код",
    "Код",
    "密码",
    "密碼",
    "验证码",
    "驗證碼",
    "口令",
    "令牌",
    "密钥",
    "パスワード",
    "暗証番号",
    "認証コード",
    "確認コード",
    "비밀번호",
    "인증번호",
];

/// Words that name a secret in a sentence.
pub(super) const NAMING: &[&str] = &[
    "codice",
    "cookie",
    "code",
    "codigo",
    "código",
    "contrasena",
    "contraseña",
    "haslo",
    "hasło",
    "heslo",
    "kennwort",
    "key",
    "kod",
    "enter",
    "mdp",
    "otp",
    "pass",
    "passcode",
    "passe",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "pin",
    "pwd",
    "secret",
    "senha",
    "session",
    "token",
    "type",
    "use",
    "wachtwoord",
];

/// The words by their places, so that one comparison tells: most words have a place of none.
static BY_PLACE: [&[u8]; 1024] = by_place();

const fn by_place() -> [&'static [u8]; 1024] {
    let mut words: [&[u8]; 1024] = [b""; 1024];
    let mut index = 0;
    while index < NAMING.len() {
        let word = NAMING[index].as_bytes();
        assert!(words[place(word)].is_empty(), "two words at one place");
        words[place(word)] = word;
        index += 1;
    }
    words
}

/// A place by the first three bytes, the last one and the length; upper case has that of lower
/// case.
#[expect(
    clippy::cast_possible_truncation,
    reason = "very long words may share a place with short ones"
)]
const fn place(word: &[u8]) -> usize {
    // The shift drops the bit that says upper or lower case.
    let length = word.len() as u8 ^ (word[1] << 4);
    let key = [word[0], word[2], word[word.len() - 1], length];
    let key = u32::from_le_bytes(key) | 0x0020_2020;
    (key.wrapping_mul(MULTIPLIER) >> 22) as usize
}

/// Parts the words; that it does is asserted where their places are made.
const MULTIPLIER: u32 = 0x2265_b1f5;

/// Whether a byte may stand at this place of such a word: the first or the second.
pub(super) const fn is_naming(byte: u8, at: usize) -> bool {
    let mut index = 0;
    while index < NAMING.len() {
        if NAMING[index].as_bytes()[at] == byte.to_ascii_lowercase() {
            return true;
        }
        index += 1;
    }
    byte >= 0x80
}

/// The first byte of letters of other scripts.
const MIN_OTHER: u8 = 0xc3;

/// Whether a word may name a secret that follows it after a blank.
#[inline]
pub(super) fn may_begin(word: &[u8]) -> bool {
    if word.len() < 3 {
        return false;
    }
    if word[0] >= MIN_OTHER {
        return NAMED.iter().any(|name| word.starts_with(name.as_bytes()));
    }
    word.eq_ignore_ascii_case(BY_PLACE[place(word)])
}
