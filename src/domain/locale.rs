//! Languages in which the product speaks to people.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// A language the product has texts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Locale {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// Its ISO 639-1 code.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }
}

impl TryFrom<&str> for Locale {
    type Error = Invalid;

    /// Reads a language tag such as `fr` or `fr-CH`; the region is passed over.
    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let language = raw.split(['-', '_']).next().unwrap_or_default();
        let named =
            Self::ALL.into_iter().find(|locale| locale.name().eq_ignore_ascii_case(language));
        named.ok_or(Invalid { field: "locale", reason: "must be en or fr" })
    }
}
