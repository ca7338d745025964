"""The text of PDFs, by pypdf: bytes in, text out; and several made one, bytes in and out."""

import io

from pypdf import PdfReader, PdfWriter


def read(data):
    """The title of a PDF, and the text of each page."""
    reader = PdfReader(io.BytesIO(data))
    return {"title": reader.metadata.title, "pages": [page.extract_text() for page in reader.pages]}


def join(files):
    """One PDF with the pages of all."""
    writer = PdfWriter()
    for data in files:
        writer.append(io.BytesIO(data))
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()
