//! Passwords as they are chosen.

use std::fmt;

use zeroize::Zeroizing;
use zxcvbn::Score;

use super::{Email, Invalid};

/// A password someone typed. Wiped from memory when dropped; it has no `Serialize` and no content
/// in `Debug`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The fewest characters a new password has (CNIL 2022-100 with throttling, rounded up).
    pub const CHARS_MIN: usize = 12;
    /// The fewest characters that the password of a share link has.
    pub const LINK_CHARS_MIN: usize = 4;
    /// The most bytes a password has: nothing is cut off, and hashing costs no more than this.
    pub const BYTES_MAX: usize = 512;

    /// A password to sign in with. The rules for new ones do not apply: they may have changed.
    pub fn presented(raw: String) -> Result<Self, Invalid> {
        if Self::BYTES_MAX < raw.len() {
            return Err(invalid("must have at most 512 bytes"));
        }
        Ok(Self(Zeroizing::new(raw)))
    }

    /// A password to be kept: long enough and hard to guess, also for one who knows the address
    /// and the names of its owner. No composition rules (OWASP ASVS 5.0, V6.2.5).
    pub fn chosen(raw: String, email: &Email, names: &[&str]) -> Result<Self, Invalid> {
        let password = Self::presented(raw)?;
        password.check(email, names)?;
        Ok(password)
    }

    /// A password for a share link. Its token cannot be guessed, so this one may be short: it keeps out
    /// those to whom an address was handed on.
    pub fn for_link(raw: String) -> Result<Self, Invalid> {
        let password = Self::presented(raw)?;
        if password.0.chars().count() < Self::LINK_CHARS_MIN {
            return Err(invalid("must have at least 4 characters"));
        }
        Ok(password)
    }

    /// Whether it may be kept by the owner of `email` and `names`.
    pub fn check(&self, email: &Email, names: &[&str]) -> Result<(), Invalid> {
        if self.0.chars().count() < Self::CHARS_MIN {
            return Err(invalid("must have at least 12 characters"));
        }
        let mut known = vec!["opentracks", email.as_str()];
        known.extend(email.as_str().split('@'));
        known.extend(email.as_str().split(['@', '.', '-', '_', '+']));
        known.extend(names.iter().flat_map(|name| name.split_whitespace()));
        if zxcvbn::zxcvbn(&self.0, &known).score() < Score::Three {
            return Err(invalid("is too easy to guess"));
        }
        Ok(())
    }

    /// What to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

const fn invalid(reason: &'static str) -> Invalid {
    Invalid { field: "password", reason }
}

/// Secret, hence not shown.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(raw: &str) -> Result<Password, Invalid> {
        let email = Email::try_from("ada.lovelace@example.org").unwrap();
        Password::chosen(raw.to_owned(), &email, &["Ada L."])
    }

    #[test]
    fn long_and_uncommon_is_enough() {
        for raw in ["plum tractor sideways nine", "žluťoučký kůň úpěl", "9f-XqPw2_zR!vT"] {
            assert!(choose(raw).is_ok(), "{raw}");
        }
        assert!(choose(&"long and winding ".repeat(20)).is_ok());
    }

    #[test]
    fn short_common_and_personal_passwords_are_refused() {
        for raw in ["kT9$vz", "password1234", "qwertyuiop12", "opentracks2026!", "ada.lovelace1"] {
            assert!(choose(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn the_length_is_bounded_and_nothing_is_cut_off() {
        assert!(choose(&"x7 ".repeat(171)).is_err());
        let password = choose("plum tractor sideways nine").unwrap();
        assert_eq!(password.as_bytes(), b"plum tractor sideways nine");
    }
}
