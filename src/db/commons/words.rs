//! Words that somebody looks for, and those of titles that are spelt like them.

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use crate::db::statement::{Statement, Value};
use crate::db::{Commons, Error};

/// Words that are looked for.
pub struct Words {
    /// As somebody typed them, or a `tsquery` of what is spelt alike.
    text: String,
    by: Compare,
}

/// How words are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// By their stems, in titles, descriptions and the names of waypoints.
    Stems,
    /// By their letters, with words of titles: what is misspelt is found all the same.
    Letters,
}

impl Words {
    /// As somebody typed them.
    pub const fn typed(text: String) -> Self {
        Self { text, by: Compare::Stems }
    }

    /// How they are compared.
    pub const fn by(&self) -> Compare {
        self.by
    }

    /// Goes on with them as a `tsquery`.
    pub(super) fn write<'a, T>(&self, statement: &'a mut Statement<T>) -> &'a mut Statement<T> {
        let text = Value::Text(self.text.clone());
        match self.by {
            Compare::Stems => statement.sql("commons.words_sought(").bind(text).sql(")"),
            Compare::Letters => statement.bind(text).sql("::tsquery"),
        }
    }
}

impl Commons {
    /// Each of the words that somebody typed, or one of published titles that is spelt like it; of the first eight
    /// that say something. What is to be left out stays out.
    pub async fn spelt_alike(&self, text: &str) -> Result<Words, Error> {
        let mut statement: Statement<Text> = Statement::new("SELECT commons.words_alike(");
        statement.bind(Value::Text(text.to_owned())).sql(")::text");
        let text = statement.get_result(&mut *self.conn().await?).await?;
        Ok(Words { text, by: Compare::Letters })
    }
}
