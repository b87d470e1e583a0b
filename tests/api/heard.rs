//! What is heard of a request: the answer to the last byte.

use std::collections::BTreeSet;

use reqwest::RequestBuilder;
use serde_json::Value;

/// An answer, but for when it was given and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub status: u16,
    pub headers: BTreeSet<String>,
    pub body: Vec<u8>,
}

impl Heard {
    pub async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let named = |name: &str| !["date", "x-request-id"].contains(&name);
        let headers = answer.headers().iter().filter(|(name, _)| named(name.as_str()));
        let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let (status, headers) = (answer.status().as_u16(), headers.collect());
        Self { status, headers, body: answer.bytes().await.unwrap().to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| header.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// What it consists of: the names of its fields, or what kind of file it is.
    pub fn shape(&self) -> String {
        let kind = self.header("content-type").unwrap_or_default();
        if !kind.contains("json") {
            return kind.to_owned();
        }
        let mut fields = BTreeSet::new();
        name_fields(&self.json(), "", &mut fields);
        format!("{kind}: {}", fields.into_iter().collect::<Vec<_>>().join(" "))
    }
}

fn name_fields(value: &Value, at: &str, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                name_fields(value, &at, fields);
                fields.insert(at);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| name_fields(item, at, fields)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
