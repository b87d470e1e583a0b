//! Sports.

use serde::{Deserialize, Serialize};

use super::Invalid;

macro_rules! sports {
    ($($(#[$doc:meta])+ $name:ident = $text:literal,)+) => {
        /// What a member was doing, or plans to do.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Sport {
            $($(#[$doc])+ $name,)+
        }

        impl Sport {
            /// Every sport, in the order in which they are documented.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The name that clients and the database use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

sports! {
    /// Running on roads or paths.
    Running = "running",
    /// Running off road.
    TrailRunning = "trail_running",
    /// Walking.
    Walking = "walking",
    /// Walking in the hills.
    Hiking = "hiking",
    /// Climbing mountains.
    Mountaineering = "mountaineering",
    /// Cycling on roads, or of a kind the device did not tell.
    Cycling = "cycling",
    /// Cycling off road.
    MountainBiking = "mountain_biking",
    /// Cycling on unpaved roads.
    GravelCycling = "gravel_cycling",
    /// Cycling with an electric motor.
    EBiking = "e_biking",
    /// Swimming, in a pool or in open water.
    Swimming = "swimming",
    /// Rowing.
    Rowing = "rowing",
    /// Canoe, kayak, or a board with a paddle.
    Paddling = "paddling",
    /// Sailing.
    Sailing = "sailing",
    /// Downhill skiing.
    AlpineSkiing = "alpine_skiing",
    /// Ski touring.
    SkiTouring = "ski_touring",
    /// Cross-country skiing.
    NordicSkiing = "nordic_skiing",
    /// Snowboarding.
    Snowboarding = "snowboarding",
    /// Walking on snowshoes.
    Snowshoeing = "snowshoeing",
    /// Skating on wheels or ice.
    Skating = "skating",
    /// Riding a horse.
    HorseRiding = "horse_riding",
    /// In a wheelchair or on a handbike.
    Wheelchair = "wheelchair",
    /// By car, motorcycle or another engine.
    Driving = "driving",
    /// In the air.
    Flying = "flying",
    /// Between the legs of a multisport activity.
    Transition = "transition",
    /// Anything else, and what nobody told.
    #[default]
    Other = "other",
}

impl TryFrom<&str> for Sport {
    type Error = Invalid;

    fn try_from(raw: &str) -> Result<Self, Invalid> {
        let named = Self::ALL.iter().find(|sport| sport.name() == raw);
        named.copied().ok_or(Invalid { field: "sport", reason: "is not a known sport" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_what_clients_read() {
        for sport in Sport::ALL {
            assert_eq!(serde_json::to_value(sport).unwrap(), sport.name());
            assert_eq!(Sport::try_from(sport.name()), Ok(*sport));
        }
    }

    #[test]
    fn an_unknown_sport_is_refused() {
        assert!(Sport::try_from("levitation").is_err());
    }
}
