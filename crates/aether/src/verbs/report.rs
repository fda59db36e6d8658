//! `report`: runs as one file for others.

use std::path::PathBuf;

use aether_core::AtomicFile;
use aether_view::report::{ReportError, report};
use serde::Serialize;

use crate::{chromium::Chromium, cli, context::Context, failure::Failure};

/// A report that was written.
#[derive(Debug, Serialize)]
pub(crate) struct Reported {
    /// The files.
    pub(crate) files: Vec<PathBuf>,
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Ledger(error) => error.into(),
            ReportError::Content(_) => Self::work(error),
        }
    }
}

pub(super) fn run(args: &cli::Report, context: &mut Context<'_>) -> Result<(), Failure> {
    // Asked before anything is made: without it there is neither print nor picture.
    let pictures = args.pdf.is_some() || args.png.is_some();
    let browser = pictures.then(Chromium::find).transpose()?;
    let page = report(&context.home()?, &args.runs, args.title.as_deref())?;
    let mut files = Vec::new();
    let output = match &args.output {
        None if !pictures => Some(PathBuf::from("report.html")),
        output => output.clone(),
    };
    if let Some(path) = output {
        AtomicFile::write(&path, page.as_bytes()).map_err(|e| {
            Failure::work(format!("cannot write {}: {e}; name another file with -o", path.display()))
        })?;
        files.push(path);
    }
    if let Some(browser) = browser {
        let shown = browser.show(&page)?;
        if let Some(path) = &args.pdf {
            shown.print(path)?;
            files.push(path.clone());
        }
        if let Some(path) = &args.png {
            shown.picture(path)?;
            files.push(path.clone());
        }
    }
    context.render().reported(&Reported { files })?;
    Ok(())
}
