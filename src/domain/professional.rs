//! What somebody may tell of their work; nobody has to, and nobody else sees it.

use std::fmt;

use url::Url;

use super::{Invalid, ProfessionalDetail};

/// Professional details, each optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Professional {
    /// Where they work.
    pub company: Option<ProfessionalDetail>,
    /// What they do there.
    pub role: Option<ProfessionalDetail>,
    /// In which town.
    pub town: Option<ProfessionalDetail>,
    /// Where one reads more.
    pub link: Option<WebLink>,
}

/// The address of a page, `https` or `http`, of at most 500 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct WebLink(String);

impl WebLink {
    /// The most characters it has.
    pub const CHARS_MAX: usize = 500;

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for WebLink {
    type Error = Invalid;

    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let invalid = |reason| Invalid { field: "link", reason };
        if Self::CHARS_MAX < raw.len() {
            return Err(invalid("is too long"));
        }
        let url = Url::parse(raw.trim()).map_err(|_| invalid("must be a web address"))?;
        // A secret in an address would be kept, and a program that opens it would send it.
        let is_plain = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "https" | "http") || !is_plain {
            return Err(invalid("must be a web address"));
        }
        Ok(Self(url.into()))
    }
}

/// Personal, hence not shown.
impl fmt::Debug for WebLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebLink(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_page_and_nothing_that_runs() {
        assert_eq!(
            WebLink::try_from("https://example.org/ada").unwrap().as_str(),
            "https://example.org/ada"
        );
        for raw in ["", "example.org", "javascript:alert(1)", "data:text/html,x", "file:///etc"] {
            assert!(WebLink::try_from(raw).is_err(), "{raw}");
        }
        assert!(WebLink::try_from("https://ada:secret@example.org").is_err());
        assert!(WebLink::try_from(format!("https://x.org/{}", "x".repeat(500)).as_str()).is_err());
    }
}
