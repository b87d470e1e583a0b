//! What an owner should know before others see an activity: a look at what would be shown, with the
//! eyes of someone who wants to find them.

use chrono::Timelike;
use serde::Serialize;

use super::anonymise::Author;
use super::share::nothing;
use super::{Error, Service};
use crate::access::Owned;
use crate::db::commons::{Shared, Traces};
use crate::db::vault::{Activity, Repeated, Zone};
use crate::domain::{Email, Sport, ZoneId};
use crate::track::PublicWaypoint;
use crate::track::cut::place::Place;

/// Something that others could learn from an activity.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The visible line begins or ends within 1,000 m of a place that a zone hides.
    NearZone {
        /// The zone.
        zone: ZoneId,
        /// How near, in metres. Only its owner is told.
        distance_m: f64,
    },
    /// A text holds a name or the address of its author, of now or before: what would not stay once they leave.
    Name {
        /// Which text.
        field: Field,
    },
    /// A text holds an e-mail address.
    EmailAddress {
        /// Which text.
        field: Field,
    },
    /// The visible lines of other published activities begin within 200 m of where this one does.
    SameStart {
        /// How many.
        activities: usize,
    },
    /// Other published activities show the same hour of the day.
    SameHour {
        /// How many.
        activities: usize,
    },
}

/// A text that others read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The title.
    Title,
    /// The description.
    Description,
    /// The name or text of a waypoint.
    Waypoints,
}

/// How near to a hidden place a visible end is worth a word, in metres.
const NEAR_M: f64 = 1_000.0;
/// How many others make a habit.
const HABIT_MIN: usize = 3;

impl Service {
    /// What others could learn from `activity`, were it published as it is.
    pub async fn findings(&self, activity: &Owned<Activity>) -> Result<Vec<Finding>, Error> {
        let shown = self.shown(activity, activity.details.choices).await?;
        let nothing = nothing(&shown);
        let shared = shown.shared.ok_or(nothing)?;
        let account = self.db.account(activity.owner).await?.ok_or(Error::Missing)?;
        let zones = self.db.zones(activity.owner).await?;
        let traces = self.db.traces(activity.owner, activity.id, shared.start()).await?;
        let public_name = account.profile.public_name.as_str();
        let author = Author::new(&account, public_name, Repeated::default());
        let mut findings = near_zones(&shared, &zones);
        for (field, text) in texts(activity, activity.sport, &shared) {
            if self.holds_name(&text, &author) {
                findings.push(Finding::Name { field });
            }
            if holds_address(&text) {
                findings.push(Finding::EmailAddress { field });
            }
        }
        findings.extend(habits(&shared, &traces));
        Ok(findings)
    }
}

/// Each zone that an end of a visible part comes near to.
fn near_zones(shared: &Shared, zones: &[Zone]) -> Vec<Finding> {
    let ends: Vec<Place> =
        shared.ends().map(|(lat_e7, lon_e7)| Place::new(lat_e7, lon_e7)).collect();
    let near = |zone: &Zone| {
        let position = zone.place.position;
        let place = Place::from_degrees(position.latitude(), position.longitude());
        let distances_m = ends.iter().map(|end| end.distance_m(&place));
        let distance_m = distances_m.fold(f64::INFINITY, f64::min).round();
        (distance_m <= NEAR_M).then_some(Finding::NearZone { zone: zone.id, distance_m })
    };
    zones.iter().filter_map(near).collect()
}

/// What others read, text by text.
fn texts(activity: &Activity, sport: Sport, shared: &Shared) -> Vec<(Field, String)> {
    let details = &activity.details;
    let mut texts = vec![(Field::Title, details.public_title(sport).as_str().to_owned())];
    let description = details.public_description();
    texts.extend(description.map(|text| (Field::Description, text.as_str().to_owned())));
    let waypoints: Vec<&str> = shared.waypoints().iter().flat_map(PublicWaypoint::texts).collect();
    if !waypoints.is_empty() {
        texts.push((Field::Waypoints, waypoints.join("\n")));
    }
    texts
}

fn holds_address(text: &str) -> bool {
    let words = text.split(|char: char| char.is_whitespace() || "<>()[]\"',;".contains(char));
    let mut words = words.map(|word| {
        let word = word.trim_end_matches(|char: char| !char.is_alphanumeric());
        word.trim_start_matches("mailto:")
    });
    words.any(|word| Email::try_from(word).is_ok())
}

/// What this and others together tell.
fn habits(shared: &Shared, traces: &Traces) -> impl Iterator<Item = Finding> {
    let hour = shared.hour().map(|hour| hour.hour());
    let same_hour = traces.hours.iter().filter(|other| Some(other.hour()) == hour).count();
    let habit = |activities| HABIT_MIN <= activities;
    let start =
        habit(traces.same_start).then_some(Finding::SameStart { activities: traces.same_start });
    let hour = habit(same_hour).then_some(Finding::SameHour { activities: same_hour });
    start.into_iter().chain(hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_wherever_it_stands() {
        for text in ["Write to ada@example.org.", "<ada@example.org>", "mailto:ada@example.org!"] {
            assert!(holds_address(text), "{text}");
        }
        for text in ["Meet @ the brook", "5 km @ 6:00", "ada@home"] {
            assert!(!holds_address(text), "{text}");
        }
    }
}
