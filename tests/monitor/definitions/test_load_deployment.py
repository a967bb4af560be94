"""The command takes a service's own say by the name of a module and of a value in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.definitions import DEPLOYMENT as CLINICS
from monitor.definitions.__main__ import main
from monitor.definitions.load_deployment import load_deployment
from monitor.errors import ConfigurationError
from tests.monitor.definitions import bookings


def test_a_deployment_is_taken_as_it_is() -> None:
    """Its job, links and receivers are those of the value."""
    assert bookings.DEPLOYMENT is load_deployment("tests.monitor.definitions.bookings:DEPLOYMENT")
    assert CLINICS is load_deployment("app.definitions:DEPLOYMENT")


def test_an_adoption_gives_its_noun_objectives_and_domains() -> None:
    """What the service told the kit already need not be told again; the rest are options."""
    deployment = load_deployment("tests.monitor.definitions.bookings:adoption")

    assert (bookings.HOTELS, ("rates",)) == (deployment.naming, deployment.domains)
    assert 0.25 == deployment.objectives.latency_mean.bound


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("app.definitions", "module:object"),
        (":DEPLOYMENT", "module:object"),
        ("app.definitons:DEPLOYMENT", "no module app.definitons"),
        ("app.definitions:DEPLOYMNET", "has no DEPLOYMNET"),
        ("app.definitions:NAMING", "a TenantNaming"),
        ("app.definitions:NAMING.singular", "a str"),
    ],
)
def test_what_is_no_adoption_is_refused(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says which part of the name is wrong and what it takes, and writes nothing."""
    with pytest.raises(ConfigurationError, match=said):
        load_deployment(name)
    with pytest.raises(SystemExit) as ended:
        main(["--adoption", name, "--out", str(tmp_path)])

    assert said in str(ended.value.code)
    assert [] == list(tmp_path.iterdir())
    assert "" == capsys.readouterr().out


def test_a_module_that_lacks_what_it_imports_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's module is there; its own missing import is not blamed on the option."""
    (tmp_path / "half_installed.py").write_text("import nothing_of_that_name\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        load_deployment("half_installed:DEPLOYMENT")


def test_options_win_over_the_adoption(tmp_path: Path) -> None:
    """One adoption serves several places: job, links and prefix are given for each."""
    main(
        [
            "--adoption", "tests.monitor.definitions.bookings:adoption", "--out", str(tmp_path),
            "--job", "bookings-eu", "--title", "Bookings EU", "--prefix", "eu", "--alert-prefix", "Eu",
            "--grafana-url", "https://eu.example",
        ]
    )  # fmt: skip
    rules = (tmp_path / "alerts/rules/objectives.yml").read_text()

    assert 'job="bookings-eu"' in rules
    assert "alert: EuTenantErrorsHigh" in rules
    assert "https://eu.example/d/eu-tenants?" in rules
    assert '"uid": "eu-service"' in (tmp_path / "dashboards/service.json").read_text()
    assert "# TenantErrorsHigh" in (tmp_path / "docs/runbooks/TenantErrorsHigh.md").read_text()
