//! Results as JSON, with everything that is known.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::Exporter;
use crate::bench::report::BenchReport;
use face8x_core::{Error, Result};

pub(crate) struct JsonExporter;

impl Exporter for JsonExporter {
    fn export(&self, report: &BenchReport) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let lines = Lines(PrettyFormatter::new());
        report
            .serialize(&mut Serializer::with_formatter(&mut bytes, lines))
            .map_err(|error| Error::other("cannot encode the results").caused_by(error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// A key a line, and thousands of times on one.
struct Lines(PrettyFormatter<'static>);

impl Formatter for Lines {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}
