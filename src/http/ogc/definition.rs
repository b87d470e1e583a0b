//! `/ogc/api`: the part of the contract that is about `/ogc`, in OpenAPI 3.0. Clients of the standard read no
//! newer one.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde_json::{Map, Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use super::FormatQuery;
use crate::http::answer::{self, Keep};
use crate::http::docs::Contract;
use crate::http::problem::Body;

/// What the definition is written in.
pub(super) const DEFINITION_TYPE: &str = "application/vnd.oai.openapi+json;version=3.0";

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(definition);
}

/// This part of the contract, in OpenAPI 3.0.
#[utoipa::path(tag = "reuse", params(FormatQuery), responses(
    (status = 200, content_type = "application/vnd.oai.openapi+json;version=3.0", body = Object),
    (status = 304), (status = 400, body = Body),
))]
#[get("/ogc/api")]
async fn definition(
    _: web::Query<FormatQuery>,
    request: HttpRequest,
    contract: web::Data<Contract>,
) -> HttpResponse {
    let content = contract.of_ogc().as_bytes().to_vec();
    answer::content(&request, Keep::Everyone, DEFINITION_TYPE, content)
}

/// What a contract says of the paths below `/ogc`, as paths of `server`, in OpenAPI 3.0.
pub(in crate::http) fn of_ogc(contract: &Value, server: &str) -> Value {
    let paths: Map<String, Value> = entries(&contract["paths"])
        .filter_map(|(path, item)| {
            let path = path.strip_prefix("/ogc")?;
            Some((if path.is_empty() { "/" } else { path }.to_owned(), in_3_0(item)))
        })
        .collect();
    let schemas = &contract["components"]["schemas"];
    let mut names = BTreeSet::new();
    paths.values().for_each(|item| add_names(item, schemas, &mut names));
    let schemas: Map<String, Value> =
        names.into_iter().map(|name| (name.clone(), in_3_0(&schemas[&name]))).collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": contract["info"]["title"],
            "description": contract["info"]["description"],
            "version": contract["info"]["version"],
        },
        "servers": [{ "url": server }],
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// Adds the names of the schemas that something refers to, and of those that these refer to.
fn add_names(value: &Value, schemas: &Value, names: &mut BTreeSet<String>) {
    let reference = value["$ref"].as_str();
    if let Some(name) = reference.and_then(|text| text.strip_prefix("#/components/schemas/"))
        && names.insert(name.to_owned())
    {
        add_names(&schemas[name], schemas, names);
    }
    entries(value).for_each(|(_, value)| add_names(value, schemas, names));
    value.as_array().into_iter().flatten().for_each(|value| add_names(value, schemas, names));
}

/// The same in OpenAPI 3.0, where null is no type but a property of one.
fn in_3_0(value: &Value) -> Value {
    if let Some(values) = value.as_array() {
        return values.iter().map(in_3_0).collect();
    }
    let Some(object) = value.as_object() else { return value.clone() };
    let mut object: Map<String, Value> =
        object.iter().map(|(name, value)| (name.clone(), in_3_0(value))).collect();
    for list in ["type", "oneOf"] {
        let null = if list == "type" { json!("null") } else { json!({ "type": "null" }) };
        let Some(choices) = object.get(list).and_then(Value::as_array) else { continue };
        let mut others: Vec<Value> =
            choices.iter().filter(|choice| **choice != null).cloned().collect();
        if others.len() < choices.len() {
            object.insert("nullable".to_owned(), Value::Bool(true));
        }
        let choice = match list {
            "type" => others.pop().unwrap_or_default(),
            _ => Value::Array(others),
        };
        object.insert(list.to_owned(), choice);
    }
    Value::Object(object)
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
