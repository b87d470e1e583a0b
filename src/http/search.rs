//! `/explore/search`: what is published within a box, with some words. It knows the commons and nothing
//! else.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::{IntoDeserializer, value};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::explore::days;
use super::network::Network;
use super::page::{self, Cursor};
use super::present::SummaryBody;
use super::problem::{Body, Problem};
use super::session::Now;
use super::turns::Turns;
use crate::access::Viewer;
use crate::db::Commons;
use crate::db::commons::{
    Bounds, COUNTED_MAX, Compare, Facet, Order, Range, Search, SearchPosition, Sought, Words,
};
use crate::domain::{Invalid, Kind, Sport};

/// The longest text that is looked for, in characters.
const TEXT_CHARS_MAX: usize = 200;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(search);
}

/// What to look for. All that is given has to fit.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// `west,south,east,north` in degrees: the visible line passes through it. West is greater than east
    /// over the antimeridian.
    #[param(value_type = Option<Vec<f64>>, min_items = 4, max_items = 6, style = Form, explode = false)]
    bbox: Option<String>,
    /// Words in English or French, in any of title, description, points of interest and the names of the towns
    /// and regions that the visible line passes; `"in quotes"` together,
    /// `-not`, `this or that`. Where nothing has them, what has each of them, or a word of a title that is spelt like
    /// it; short and common ones are passed over then. What is published without its map is found by none.
    #[param(max_length = 200)]
    q: Option<String>,
    #[param(value_type = Option<Sport>, inline)]
    sport: Option<String>,
    #[param(value_type = Option<Kind>, inline)]
    kind: Option<String>,
    /// Metres.
    distance_min_m: Option<f64>,
    /// Metres.
    distance_max_m: Option<f64>,
    /// Metres.
    ascent_min_m: Option<f64>,
    /// Metres.
    ascent_max_m: Option<f64>,
    /// Seconds of moving time.
    moving_min_s: Option<f64>,
    /// Seconds of moving time.
    moving_max_s: Option<f64>,
    /// Of 1 to 5; what has no rating is in no range.
    rating_min: Option<f64>,
    /// Of 1 to 5.
    rating_max: Option<f64>,
    /// On this day or later. A plan that names none took place on no day.
    from: Option<NaiveDate>,
    /// On this day or earlier.
    to: Option<NaiveDate>,
    /// In which order; the newest first unless asked otherwise, and what took place on no day last.
    #[param(value_type = Option<Order>, inline)]
    sort: Option<String>,
    /// Whether it is told how many there are by sport and kind.
    #[serde(default)]
    facets: bool,
    /// At most so many.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
    /// From the page before.
    cursor: Option<String>,
}

/// A page of what was found.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Found)]
struct FoundBody {
    items: Vec<SummaryBody>,
    /// Gets the next page; null on the last one.
    next_cursor: Option<String>,
    /// Whether nothing has the words, and these have some that are spelt alike.
    spelt_alike: bool,
    /// How many there are by sport and kind, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<FacetsBody>,
}

/// How many there are.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Facets)]
struct FacetsBody {
    items: Vec<FacetBody>,
    /// Whether there may be more: 1,000 are counted at most.
    more: bool,
}

/// How many are of a sport and a kind.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Facet)]
struct FacetBody {
    #[schema(value_type = Sport)]
    sport: String,
    #[schema(value_type = Kind)]
    kind: String,
    count: i64,
}

/// A place in what is found, and how words were compared there.
pub(super) struct SearchCursor {
    pub(super) by: Compare,
    pub(super) place: SearchPosition,
}

/// What is looked for, and how words were compared on the page before.
struct Asked {
    search: Search,
    by: Compare,
}

/// Published activities within a box, with some words, of some kind.
#[utoipa::path(tag = "explore", security((), ("token" = [])), params(SearchQuery), responses(
    (status = 200, body = FoundBody), (status = 304), (status = 400, body = Body), (status = 401, body = Body),
    (status = 422, body = Body),
    (status = 429, body = Body, description = "A network searches five times at once, here and under `/ogc`."),
))]
#[get("/explore/search")]
async fn search(
    viewer: Viewer,
    query: web::Query<SearchQuery>,
    Now(now): Now,
    network: Network,
    request: HttpRequest,
    commons: web::Data<Commons>,
    turns: web::Data<Turns>,
) -> Result<HttpResponse, Problem> {
    let wants_facets = query.facets;
    let text = query.q.clone().unwrap_or_default();
    let asked = query.into_inner().parse()?;
    let found = find(commons, viewer, asked, text, wants_facets, now);
    let body = turns.search.run(network, found).await?;
    answer::json(&request, Keep::Nobody, &body)
}

async fn find(
    commons: web::Data<Commons>,
    viewer: Viewer,
    Asked { search: mut asked, by }: Asked,
    text: String,
    wants_facets: bool,
    now: DateTime<Utc>,
) -> Result<FoundBody, Problem> {
    if by == Compare::Letters {
        asked.words = Some(commons.spelt_alike(&text).await?);
    }
    let mut found = commons.search(viewer, &asked, now).await?;
    if asked.words.is_some()
        && may_be_misspelt(&text)
        && found.items.is_empty()
        && asked.after.is_none()
    {
        asked.words = Some(commons.spelt_alike(&text).await?);
        found = commons.search(viewer, &asked, now).await?;
    }
    let by = asked.words.as_ref().map_or(Compare::Stems, Words::by);
    let facets = if wants_facets {
        Some(FacetsBody::from(commons.facets(viewer, &asked, now).await?))
    } else {
        None
    };
    Ok(FoundBody {
        items: found.items.iter().map(|(rendition, _)| SummaryBody::from(rendition)).collect(),
        next_cursor: found.next.map(|place| SearchCursor { by, place }.to_text()),
        spelt_alike: by == Compare::Letters && !found.items.is_empty(),
        facets,
    })
}

/// Whether words are looked for each on its own and all of them: then what is spelt like one may stand for it.
fn may_be_misspelt(text: &str) -> bool {
    !text.contains('"') && !text.split_whitespace().any(|word| word.eq_ignore_ascii_case("or"))
}

impl SearchQuery {
    fn parse(self) -> Result<Asked, Problem> {
        let after = self.cursor.as_deref().map(SearchCursor::parse).transpose()?;
        let by = after.as_ref().map_or(Compare::Stems, |after| after.by);
        let text = self.q.filter(|text| !text.trim().is_empty());
        if text.as_ref().is_some_and(|text| TEXT_CHARS_MAX < text.chars().count()) {
            return Err(Invalid { field: "q", reason: "must have at most 200 characters" }.into());
        }
        if text.as_ref().is_some_and(|text| text.contains('\0')) {
            return Err(Invalid { field: "q", reason: "must have no control characters" }.into());
        }
        let order = order(self.sort.as_deref(), text.is_some())?;
        let [from, to] = days(["from", "to"], [self.from, self.to])?;
        let asked = Search {
            within: self.bbox.as_deref().map(bounds).transpose()?,
            words: text.map(Words::typed),
            sought: Sought {
                sport: self.sport.as_deref().map(Sport::try_from).transpose()?,
                kind: self.kind.as_deref().map(Kind::try_from).transpose()?,
                distance_m: Range::new(
                    ["distance_min_m", "distance_max_m"],
                    [self.distance_min_m, self.distance_max_m],
                )?,
                ascent_m: Range::new(
                    ["ascent_min_m", "ascent_max_m"],
                    [self.ascent_min_m, self.ascent_max_m],
                )?,
                moving_s: Range::new(
                    ["moving_min_s", "moving_max_s"],
                    [self.moving_min_s, self.moving_max_s],
                )?,
                rating: Range::new(
                    ["rating_min", "rating_max"],
                    [self.rating_min, self.rating_max],
                )?,
                from,
                to,
            },
            order,
            after: after.map(|after| after.place),
            limit: page::limit(self.limit)?,
        };
        Ok(Asked { search: asked, by })
    }
}

fn order(sort: Option<&str>, has_words: bool) -> Result<Order, Invalid> {
    let invalid = |reason| Invalid { field: "sort", reason };
    let order = sort.map_or(Ok(Order::Newest), |text| Order::deserialize(text.into_deserializer()));
    match order.map_err(|_: value::Error| {
        invalid(
            "must be newest, longest, shortest, steepest, longest_time, best_rated or relevance",
        )
    })? {
        Order::Relevance if !has_words => Err(invalid("needs q for relevance")),
        order => Ok(order),
    }
}

/// A box as OGC API – Features writes it; heights are passed over.
pub(super) fn bounds(text: &str) -> Result<Bounds, Invalid> {
    let invalid = || Invalid { field: "bbox", reason: "must be west,south,east,north in degrees" };
    let numbers = text.split(',').map(|number| number.trim().parse::<f64>());
    let numbers: Vec<f64> = numbers.collect::<Result<_, _>>().map_err(|_| invalid())?;
    let ([west, south, east, north] | [west, south, _, east, north, _]) = *numbers.as_slice()
    else {
        return Err(invalid());
    };
    let is_longitude = |degrees: f64| (-180.0..=180.0).contains(&degrees);
    let is_latitude = |degrees: f64| (-90.0..=90.0).contains(&degrees);
    let sound = [west, east].into_iter().all(is_longitude)
        && [south, north].into_iter().all(is_latitude)
        && south <= north;
    sound.then_some(Bounds { west, south, east, north }).ok_or_else(invalid)
}

impl Cursor for SearchCursor {
    fn to_bytes(self) -> Vec<u8> {
        let by = match self.by {
            Compare::Stems => 0_u8,
            Compare::Letters => 1,
        };
        let mut bytes = vec![by];
        bytes.extend_from_slice(&self.place.key.to_be_bytes());
        bytes.extend_from_slice(uuid::Uuid::from(self.place.id).as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (by, rest) = bytes.split_first()?;
        let (key, id) = rest.split_first_chunk::<8>()?;
        let by = match by {
            0 => Compare::Stems,
            1 => Compare::Letters,
            _ => return None,
        };
        let id = uuid::Uuid::from_slice(id).ok()?.into();
        Some(Self { by, place: SearchPosition { key: f64::from_be_bytes(*key), id } })
    }
}

impl From<Vec<Facet>> for FacetsBody {
    fn from(facets: Vec<Facet>) -> Self {
        let counted: i64 = facets.iter().map(|facet| facet.count).sum();
        let body = |Facet { sport, kind, count }| FacetBody { sport, kind, count };
        Self { items: facets.into_iter().map(body).collect(), more: COUNTED_MAX <= counted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_or_an_alternative_is_meant_as_it_is_spelt() {
        assert!(may_be_misspelt("Chamonyx-Mont-Blanc") && may_be_misspelt("Col de l'Or -neige"));
        assert!(!may_be_misspelt("lac or neige") && !may_be_misspelt("\"le lac\""));
    }

    #[test]
    fn a_box_is_read_as_it_is_written_elsewhere() {
        let bounds = |text| bounds(text).map(|b| [b.west, b.south, b.east, b.north]);
        assert_eq!(bounds("8,47,9,48"), Ok([8.0, 47.0, 9.0, 48.0]));
        assert_eq!(bounds("8, 47, 0, 9, 48, 4000"), Ok([8.0, 47.0, 9.0, 48.0]));
        assert_eq!(bounds("170,-20,-170,20"), Ok([170.0, -20.0, -170.0, 20.0]));
        for text in ["", "8,47,9", "8,48,9,47", "8,47,181,48", "NaN,47,9,48", "8,47,9,inf"] {
            assert!(bounds(text).is_err(), "{text}");
        }
    }
}
