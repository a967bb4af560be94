"""What people come for and what is written about it."""

from __future__ import annotations

from random import Random

from app.schemas.medical_records import RecordKind

CONTACT_NOTES = (
    "",
    "",
    "",
    "Prefers calls in the afternoon.",
    "Needs step-free access.",
    "Comes with an interpreter.",
    "Penicillin allergy, see records.",
    "Send reminders by text message.",
    "New patient, records requested from the previous practice.",
)
REASONS = (
    "Annual check-up",
    "Follow-up after treatment",
    "Persistent cough",
    "Back pain",
    "Blood pressure review",
    "Repeat prescription",
    "Skin rash",
    "Vaccination",
    "Blood test",
    "Knee injury",
    "Headaches",
    "Diabetes review",
    "Ear pain",
    "Travel advice",
    "Sleep problems",
)
_FINDINGS = {
    RecordKind.CONSULTATION: (
        ("Routine consultation", "No acute complaints. Advised on diet and exercise, review in a year."),
        ("Consultation for cough", "Chest clear. Viral cause likely, return if it lasts beyond three weeks."),
        ("Consultation for back pain", "No neurological signs. Exercises shown, pain relief as needed."),
    ),
    RecordKind.DIAGNOSIS: (
        ("Essential hypertension", "Three raised readings on separate days. Treatment discussed and begun."),
        ("Seasonal allergic rhinitis", "Typical history in spring. Antihistamine recommended."),
        ("Type 2 diabetes mellitus", "HbA1c confirms the diagnosis. Referred to the education programme."),
    ),
    RecordKind.PRESCRIPTION: (
        ("Amoxicillin 500 mg", "One capsule three times a day for seven days."),
        ("Lisinopril 10 mg", "One tablet in the morning. Check potassium in four weeks."),
        ("Metformin 500 mg", "One tablet with the evening meal, to be raised after two weeks."),
    ),
    RecordKind.LAB_RESULT: (
        ("Full blood count", "All values within the reference range."),
        ("Lipid profile", "LDL slightly raised. Repeat after three months of diet."),
        ("Thyroid function", "TSH within the reference range."),
    ),
    RecordKind.IMAGING: (
        ("Chest X-ray", "No focal consolidation, no effusion, heart size normal."),
        ("Ultrasound of the abdomen", "Liver, kidneys and spleen unremarkable. No gallstones."),
        ("X-ray of the left knee", "No fracture. Mild narrowing of the medial joint space."),
    ),
    RecordKind.VACCINATION: (
        ("Influenza", "Given in the left upper arm, well tolerated."),
        ("Tetanus and diphtheria booster", "Given in the right upper arm, next one due in ten years."),
        ("Hepatitis A, first dose", "Second dose due in six months."),
    ),
}


def finding(kind: RecordKind, random: Random) -> tuple[str, str]:
    """Return title and body of a record."""
    title, body = random.choice(_FINDINGS[kind])
    if kind in (RecordKind.CONSULTATION, RecordKind.DIAGNOSIS):
        pressure = f"{random.randint(104, 152)}/{random.randint(62, 95)}"
        body = f"Blood pressure {pressure} mmHg, pulse {random.randint(54, 96)}. {body}"
    return title, body
