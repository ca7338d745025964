# /// script
# requires-python = ">=3.9"
# dependencies = ["fpdf2", "reportlab"]
# ///
"""Make the files in files/, each with another library: the two have little in common.

They are kept in the repository; this says where they come from. `uv run make-pdfs.py` makes them anew.
"""

import datetime
import pathlib

import reportlab
from fpdf import FPDF
from reportlab.lib.pagesizes import A5
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FILES = pathlib.Path(__file__).parent / "files"

LETTER = [
    "Brasserie « Chez Léa »\nChère équipe,\nnous avons mangé à merveille : la crème brûlée était parfaite.",
    "P.-S. Mon garçon n'a pas arrêté de parler des œufs à la neige.\nÀ bientôt, Zoë Müller-Ångström",
]
INVOICE = [
    ["Factura n.º 2026/0042", "Señor Íñigo Núñez", "3 × jamón ibérico: 149,70 €"],
    ["Página 2", "¿Preguntas? Llámenos mañana.", "¡Gracias por su compra!"],
    ["Página 3", "Condiciones: Größe, Fläche und Maße gemäß Anhang; łódka, škoda"],
]


def make_letter(path):
    """Compressed pages, and a font that every reader has: text is one byte a letter."""
    pdf = FPDF(format="A5")
    pdf.set_title("Une lettre")
    pdf.creation_date = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    pdf.core_fonts_encoding = "windows-1252"
    pdf.set_font("Helvetica", size=12)
    for text in LETTER:
        pdf.add_page()
        pdf.multi_cell(0, 8, text)
    pdf.output(path)


def make_invoice(path):
    """A font that is embedded, and of it only the letters that occur, by numbers of the file's own."""
    pdfmetrics.registerFont(TTFont("Vera", pathlib.Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"))
    canvas = Canvas(str(path), pagesize=A5, pageCompression=1, invariant=1)
    canvas.setTitle("Factura 2026/0042")
    for lines in INVOICE:
        canvas.setFont("Vera", 11)
        for number, line in enumerate(lines):
            canvas.drawString(30, 550 - 20 * number, line)
        canvas.showPage()
    canvas.save()


make_letter(FILES / "letter.pdf")
make_invoice(FILES / "invoice.pdf")
