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

impl Locale {
    /// The language that a reader prefers of those there are: an `Accept-Language` of RFC 9110. The default
    /// when they say nothing, or none of them.
    pub fn preferred(accepted: &str) -> Self {
        let mut best = (0.0, Self::default());
        for range in accepted.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight
                .trim()
                .strip_prefix("q=")
                .map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or_default());
            // Of equals the first.
            if let Ok(locale) = Self::try_from(tag.trim())
                && best.0 < weight
            {
                best = (weight, locale);
            }
        }
        best.1
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_the_heaviest_that_there_is() {
        for (accepted, preferred) in [
            ("", Locale::En),
            ("fr", Locale::Fr),
            ("fr-CH, fr;q=0.9, en;q=0.8", Locale::Fr),
            ("de, en;q=0.5, fr;q=0.7", Locale::Fr),
            ("en, fr", Locale::En),
            ("fr;q=0, de", Locale::En),
            ("*", Locale::En),
            ("fr;q=x", Locale::En),
        ] {
            assert_eq!(Locale::preferred(accepted), preferred, "{accepted}");
        }
    }
}
