//! E-mail addresses.

use std::fmt;

use email_address::{EmailAddress, Options};

use super::Invalid;

/// An e-mail address, trimmed and in lower case: two spellings of one mailbox are one account.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Email {
    type Error = Invalid;

    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let options = Options::default().with_required_tld().without_display_text();
        let address = raw.trim().to_lowercase();
        EmailAddress::parse_with_options(&address, options.without_domain_literal())
            .map(|_| Self(address))
            .map_err(|_| Invalid { field: "email", reason: "must be an e-mail address" })
    }
}

/// Personal, hence not shown.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_mailbox_are_equal() {
        let one = Email::try_from(" Ada.Lovelace@Example.ORG ").unwrap();
        assert_eq!(one, Email::try_from("ada.lovelace@example.org").unwrap());
    }

    #[test]
    fn what_is_no_address_is_refused_without_echo() {
        for raw in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@localhost",
            "a b@example.org",
            "Ada <ada@example.org>",
        ] {
            let error = Email::try_from(raw).unwrap_err();
            assert_eq!(error.to_string(), "email must be an e-mail address", "{raw:?}");
        }
        assert!(Email::try_from("ada@example.org\r\nBcc: eve@example.org").is_err());
    }

    #[test]
    fn debug_shows_no_address() {
        assert_eq!(format!("{:?}", Email::try_from("ada@example.org").unwrap()), "Email(…)");
    }
}
