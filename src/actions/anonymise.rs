//! Making works anonymous: what stays of an activity when its author leaves, and what does not.

use chrono::{DateTime, Utc};

use super::{Error, Service};
use crate::access::Owned;
use crate::db;
use crate::db::commons::{KeptPhoto, Sizes, Telling, Work};
use crate::db::identity::Account;
use crate::db::vault::{Activity, Photo, Repeated};
use crate::domain::{Description, Legacies, Legacy, PersonName, PhotoId, Title};
use crate::picture::{is_large_enough, render_again};
use crate::privacy::anonymity::{Names, month, outline, tells_a_time};
use crate::privacy::former_names::FormerNames;
use crate::seal::random_bytes;
use crate::track::{Ends, cut_again};

/// What stays of an activity.
pub struct Remains {
    /// The work.
    pub work: Work,
    /// Whether its title is not for others any more.
    pub loses_title: bool,
    /// Whether its description is not.
    pub loses_description: bool,
}

/// By what an author would be known in their texts.
pub struct Author {
    names: Names,
    former_names: FormerNames,
    repeated: Repeated,
}

impl Author {
    /// The owner of an account who is called `public_name`, with the texts that they wrote under more than
    /// one work.
    pub fn new(account: &Account, public_name: &str, repeated: Repeated) -> Self {
        let profile = &account.profile;
        let given = [&profile.given_name, &profile.family_name].into_iter().flatten();
        let names = given.map(PersonName::as_str).chain([public_name]);
        let names = Names::of(names, account.email.as_str());
        Self { names, former_names: account.former_names.clone(), repeated }
    }
}

impl Service {
    /// What can stay of a work of `author`; `None` when that is too little.
    pub(super) async fn remains(
        &self,
        activity: &Owned<Activity>,
        author: &Author,
    ) -> Result<Option<Remains>, Error> {
        let shading = self.db.shading(activity.owner).await?;
        let track = self.db.track(activity).await?;
        let started_at = activity.started_at;
        let choices = activity.details.choices;
        let terrain = self.terrain.clone();
        let cut = self.cores.run(move || {
            let (exact, mut heights) = (track.open()?, terrain.heights());
            let ends = Ends { radius_m: choices.ends_m.metres(), grid: shading.grid };
            let given = started_at.filter(|_| exact.columns().time_ms.is_empty());
            let cut = cut_again(&exact, &shading.zones, ends, chance, |lat, lon| {
                heights.height_m(lat, lon)
            });
            Ok::<_, db::Error>(cut.map(|cut| (cut, given)))
        });
        let Some((cut, given)) = cut.await?? else { return Ok(None) };
        let day = cut.day.or(given.map(|given: DateTime<Utc>| given.date_naive()));
        let title = self.title_left(activity, author);
        let description = self.description_left(activity, author);
        let loses_title = title.is_none();
        let telling = Telling {
            kind: activity.kind,
            sport: activity.sport,
            title: title.unwrap_or_else(|| Title::of_sport(activity.sport)).as_str().to_owned(),
            description: description.map(|text| text.as_str().to_owned()),
            month: day.map(month),
            has_map: choices.map,
        };
        let loses_description =
            description.is_none() && activity.details.public_description().is_some();
        let work = Work::new(telling, &cut.track);
        Ok(Some(Remains { work, loses_title, loses_description }))
    }

    /// The photos of an activity that could stay with what remains of it. Of photos that do not open none can:
    /// that keeps nobody from leaving.
    pub(super) async fn keepable_photos(
        &self,
        activity: &Owned<Activity>,
    ) -> Result<Vec<Photo>, Error> {
        let mut photos = match self.db.photos(activity).await {
            Err(error) if error.is_damage() => Vec::new(),
            photos => photos?,
        };
        photos.retain(|photo| {
            let sides = photo.sizes.as_ref().map(|sizes| sizes.appearance.sides);
            sides.is_some_and(|[.., (width, height)]| is_large_enough(width, height))
        });
        Ok(photos)
    }

    /// Those of them that stay, as their owner chose, in the order of their new ids, which nobody chose.
    pub(super) async fn kept_photos(
        &self,
        activity: &Owned<Activity>,
        legacies: &Legacies,
    ) -> Result<Vec<KeptPhoto>, Error> {
        let photos = self.keepable_photos(activity).await?.into_iter();
        let wanted = photos.filter(|photo| legacies.of_photo(photo.id) == Legacy::Anonymize);
        let mut kept: Vec<KeptPhoto> =
            wanted.filter_map(|photo| photo.sizes.as_ref().map(KeptPhoto::of)).collect();
        kept.sort_by_key(|photo| photo.id);
        Ok(kept)
    }

    /// The photos of a work, drawn anew, with keys and files of their own. One that is gone meanwhile, or cannot
    /// be drawn, is left out: it was nobody's already.
    pub(super) async fn drawn_again(
        &self,
        work: &Work,
        now: DateTime<Utc>,
    ) -> Result<Vec<(PhotoId, Sizes)>, Error> {
        let mut drawn = Vec::with_capacity(work.photos.len());
        for photo in &work.photos {
            let (key, blob) = (photo.key()?, photo.blob);
            let Some(sealed) = self.files.find(blob).await? else { continue };
            let draw = move || {
                let file = key.open(blob, &sealed).ok()?;
                render_again(&file, chance).ok().flatten()
            };
            let Ok(Some(renditions)) = self.drawing.run(draw).await else { continue };
            drawn.push((photo.id, self.put_sizes(None, renditions, now).await?));
        }
        Ok(drawn)
    }

    /// What others read of the title that tells nothing of who wrote it.
    fn title_left(&self, activity: &Owned<Activity>, author: &Author) -> Option<Title> {
        let title = activity.details.public_title(activity.sport);
        let is_of_sport = title == Title::of_sport(activity.sport);
        (is_of_sport || self.is_anybodys(title.as_str(), author)).then_some(title)
    }

    fn description_left<'a>(
        &self,
        activity: &'a Owned<Activity>,
        author: &Author,
    ) -> Option<&'a Description> {
        let description = activity.details.public_description()?;
        self.is_anybodys(description.as_str(), author).then_some(description)
    }

    /// Whether a text holds a name or the address of its author, of now or before.
    pub(super) fn holds_name(&self, text: &str, author: &Author) -> bool {
        author.names.are_in(text)
            || author.former_names.are_in(text, |text| self.db.text_mark(text))
    }

    /// Whether a text could be anybody's: it holds no name of its author and no time, and is under one
    /// work of theirs alone.
    pub(super) fn is_anybodys(&self, text: &str, author: &Author) -> bool {
        let outline = outline(text);
        !outline.is_empty()
            && !tells_a_time(text)
            && !self.holds_name(text, author)
            && !author.repeated.holds(self.db.text_mark(&outline))
    }
}

/// A random number from 0 to 1.
pub(super) fn chance() -> f64 {
    f64::from(u32::from_be_bytes(random_bytes())) / f64::from(u32::MAX)
}
