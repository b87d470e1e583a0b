//! Privacy zones: making them hides at once; whatever lets others see more is told first.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::share::visible;
use super::{Error, Service};
use crate::db::ops::Rate;
use crate::db::vault::{HiddenPlace, Shading, Sight, Zone, Zoned};
use crate::domain::{AccountId, ActivityId, Invalid, ZoneId};

/// What a change of zones would do to what others see.
#[derive(Debug)]
pub struct Effects {
    /// The shared activities of which others would see something else.
    pub activities: Vec<ActivityId>,
    /// Stands for exactly these effects: who confirms, confirms them.
    pub confirmation: String,
}

/// What became of a wish to let a zone go.
pub enum Wish<T> {
    /// It is done.
    Done(T),
    /// It is not done: its owner has to confirm what others would see.
    Unconfirmed(Effects),
}

/// How many shared activities are looked at. Others count as such of which others would see something
/// else: opening them all would take too long for an answer.
const LOOKED_AT_MAX: usize = 500;
/// Changes of zones of one account: each makes all that it shares anew.
const CHANGES: Rate = Rate { burst: 60, every: TimeDelta::seconds(30) };

impl Service {
    /// Makes a zone. Nothing that it hides is served from the answer on.
    pub async fn make_zone(
        &self,
        account: AccountId,
        id: ZoneId,
        place: &HiddenPlace,
        now: DateTime<Utc>,
    ) -> Result<Zone, Error> {
        self.allow("zones", Uuid::from(account).as_bytes(), CHANGES, now).await?;
        zoned(self.db.insert_zone(account, id, place, (now, now), now).await?)
    }

    /// Puts another place, radius or label in the place of a zone's, once its owner has confirmed
    /// what others would see.
    pub async fn change_zone(
        &self,
        account: AccountId,
        zone: &Zone,
        place: &HiddenPlace,
        confirmed: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Wish<Zone>, Error> {
        self.allow("zones", Uuid::from(account).as_bytes(), CHANGES, now).await?;
        let (effects, sight) = self.effects(account, zone, Some(place)).await?;
        if !effects.are_confirmed(confirmed) {
            return Ok(Wish::Unconfirmed(effects));
        }
        let changed = self.db.change_zone(account, zone, place, &sight, now).await?;
        Ok(Wish::Done(zoned(changed)?))
    }

    /// Deletes a zone, once its owner has confirmed what others would see.
    pub async fn delete_zone(
        &self,
        account: AccountId,
        zone: &Zone,
        confirmed: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Wish<()>, Error> {
        self.allow("zones", Uuid::from(account).as_bytes(), CHANGES, now).await?;
        let (effects, sight) = self.effects(account, zone, None).await?;
        if !effects.are_confirmed(confirmed) {
            return Ok(Wish::Unconfirmed(effects));
        }
        let deleted = self.db.delete_zone(account, zone, &sight, now).await?;
        deleted.then_some(Wish::Done(())).ok_or(Error::Stale)
    }

    /// Of which shared activities others would see something else with `place` instead of `zone`,
    /// and of what that is true.
    async fn effects(
        &self,
        account: AccountId,
        zone: &Zone,
        place: Option<&HiddenPlace>,
    ) -> Result<(Effects, Sight), Error> {
        let key = self.db.account_key(account).await?;
        // Read first: should anything change after, nothing is done.
        let sight = self.db.sight(account).await?;
        let zones = self.db.zones(account).await?;
        let others = zones.iter().filter(|other| other.id != zone.id).map(|zone| &zone.place);
        let before = Shading::new(&key, 0, zones.iter().map(|zone| &zone.place));
        let after = Shading::new(&key, 0, others.chain(place));
        let mut activities = Vec::new();
        if !place.is_some_and(|place| zone.place.hides_as(place)) {
            for (index, id) in sight.shared().enumerate() {
                if LOOKED_AT_MAX <= index || self.differs(account, id, &before, &after).await? {
                    activities.push(id);
                }
            }
        }
        let confirmation = confirmation(zone, place, &activities);
        Ok((Effects { activities, confirmation }, sight))
    }

    async fn differs(
        &self,
        account: AccountId,
        id: ActivityId,
        before: &Shading,
        after: &Shading,
    ) -> Result<bool, Error> {
        let Some(activity) = self.owned(account, id).await? else { return Ok(false) };
        let (track, kind) = (self.db.track(&activity).await?, activity.kind);
        let waypoints = activity.details.waypoints.clone();
        let photos = self.db.photos(&activity).await?;
        let choices = activity.details.choices;
        let (before, after) = (before.clone(), after.clone());
        let work = move || {
            let exact = track.open()?;
            let seen =
                |shading: &Shading| visible(&exact, kind, &waypoints, &photos, choices, shading);
            Ok(seen(&before) != seen(&after))
        };
        self.cores.run(work).await?
    }
}

impl Effects {
    fn are_confirmed(&self, confirmed: Option<&str>) -> bool {
        self.activities.is_empty() || confirmed == Some(&self.confirmation)
    }
}

fn zoned(zoned: Zoned) -> Result<Zone, Error> {
    match zoned {
        Zoned::Kept(zone) => Ok(*zone),
        Zoned::Stale => Err(Error::Stale),
        Zoned::Full => Err(Invalid { field: "zones", reason: "must be at most 50" }.into()),
    }
}

/// Stands for a change of a zone in a version, and what it does.
fn confirmation(zone: &Zone, place: Option<&HiddenPlace>, activities: &[ActivityId]) -> String {
    let place = place.map(|place| {
        let position = place.position;
        (position.longitude(), position.latitude(), place.radius.metres())
    });
    let stated = format!("{} {} {place:?} {activities:?}", zone.id, zone.version);
    BASE64.encode(&Sha256::digest(stated)[..15])
}
