//! Changing the words of an activity and what others get of it; deleting it.

use chrono::{DateTime, Utc};

use super::share::unchanged;
use super::{Error, Service};
use crate::access::Owned;
use crate::db::vault::{Activity, Change, Reach};
use crate::domain::{Choices, Description, EndLength, Sport, Title, Visibility};

/// What its owner changes about an activity; what is left out stays.
#[derive(Clone, Default)]
pub struct Edit {
    /// A new title.
    pub title: Option<Title>,
    /// A new description, or none any more.
    pub description: Option<Option<Description>>,
    /// Another sport.
    pub sport: Option<Sport>,
    /// Other choices of what others get.
    pub choices: Option<NewChoices>,
}

/// Choices to change; what is left out stays.
#[derive(Clone, Copy)]
pub struct NewChoices {
    /// See [`Choices::hour`].
    pub hour: Option<bool>,
    /// See [`Choices::heart_rate`].
    pub heart_rate: Option<bool>,
    /// See [`Choices::map`].
    pub map: Option<bool>,
    /// See [`Choices::statistics`].
    pub statistics: Option<bool>,
    /// See [`Choices::ends_m`].
    pub ends_m: Option<EndLength>,
}

impl NewChoices {
    fn over(self, before: Choices) -> Choices {
        Choices {
            hour: self.hour.unwrap_or(before.hour),
            heart_rate: self.heart_rate.unwrap_or(before.heart_rate),
            map: self.map.unwrap_or(before.map),
            statistics: self.statistics.unwrap_or(before.statistics),
            ends_m: self.ends_m.unwrap_or(before.ends_m),
        }
    }
}

impl Service {
    /// Changes an activity, and its rendition if it has one.
    pub async fn edit(
        &self,
        activity: &Owned<Activity>,
        edit: Edit,
        now: DateTime<Utc>,
    ) -> Result<Owned<Activity>, Error> {
        let mut details = activity.details.clone();
        if let Some(title) = edit.title {
            (details.title, details.title_is_chosen) = (title, true);
        }
        if let Some(description) = edit.description {
            (details.description, details.description_is_chosen) = (description, true);
        }
        if let Some(choices) = edit.choices {
            details.choices = choices.over(details.choices);
        }
        let reach = match activity.visibility {
            Visibility::Private => Reach::Nobody,
            Visibility::Link | Visibility::Community | Visibility::Published => {
                Reach::With(None, self.shown(activity, details.choices).await?)
            }
        };
        let sport = edit.sport.unwrap_or(activity.sport);
        self.save(activity, &Change { sport, details, ..unchanged(activity, reach) }, now).await
    }

    /// Deletes an activity and what others could see of it.
    pub async fn delete(
        &self,
        activity: &Owned<Activity>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let deleted = self.db.delete_activity(activity, now).await?;
        deleted.then_some(()).ok_or(Error::Stale)
    }
}
