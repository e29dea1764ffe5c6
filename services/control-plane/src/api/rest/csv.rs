//! Tables as CSV files, for spreadsheets.

use axum::response::{IntoResponse, Response};
use csv::Writer;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::super::problem;
use super::refusal::Refusal;

/// A file with this header and these rows, to be saved under this name.
pub(super) fn file<const N: usize>(
    name: &str,
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<Response, Refusal> {
    let broken = |error: csv::Error| problem::broken_off(&error);
    let mut table = Writer::from_writer(vec![]);
    table.write_record(header).map_err(broken)?;
    for row in rows {
        table.write_record(row.map(harmless)).map_err(broken)?;
    }
    let text = table.into_inner();
    let text = text.map_err(|error| problem::broken_off(error.error()))?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, text).into_response())
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: String) -> String {
    let number = cell.parse::<f64>().is_ok();
    if !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{cell}");
    }
    cell
}

/// A value, or an empty cell where nothing is known.
pub(super) fn known<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_table_is_quoted_where_it_must_be_and_holds_no_formula() {
        let rows = [["a,b", "=1+1"], ["\"c\"", "-4.5"]];
        let rows = rows.map(|row| row.map(ToOwned::to_owned));
        let response = file("x.csv", ["name", "value"], rows).unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "text/csv; charset=utf-8");
        let body = axum::body::to_bytes(response.into_body(), 1000).await;
        let text = "name,value\n\"a,b\",'=1+1\n\"\"\"c\"\"\",-4.5\n";
        assert_eq!(body.unwrap(), text.as_bytes());
    }
}
