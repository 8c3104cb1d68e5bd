"""The command ``fer``: its arguments and its exit status. Each command loads what it needs when it runs."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fer.domain import DETECTORS
from fer.errors import Conflict, FerError, Unavailable

STATUS = """exit status:
  0  done
  1  done, but something was skipped; or somebody else changed the champion meanwhile
  2  wrong usage, nothing found, or a damaged file
  3  a bucket or a download does not answer"""

EXAMPLES = (
    """examples:
  fer predict photo.jpg                         a table on a terminal, else one JSON object per picture
  fer predict holiday/ --csv > faces.csv        every picture in a folder and its subfolders, one row per face
  fer predict talk.mp4 --every 25               every 25th frame of a video
  fer predict holiday/ --annotate drawn/        copies with boxes and labels
  fer models list --bucket gs://my-bucket       the published models and the champion
  fer serve                                     the HTTP API, live video and the web app on http://127.0.0.1:8080

"""
    + STATUS
)

PREDICT_EXAMPLES = """examples:
  fer predict photo.jpg
  fer predict holiday/ talk.mp4 --every 25 --csv > faces.csv
  fer predict holiday/ --annotate drawn/ --detector mtcnn

Folders are searched for pictures and videos, subfolders included. Files that cannot be read are skipped and listed
at the end, and the exit status is then 1. The first run downloads YuNet's file if it is missing
(FER_MODEL_MIRROR=DIRECTORY names another source)."""

DATASET_EXAMPLES = """examples:
  fer dataset fer2013/train -o train.csv --as-is      folders angry, disgust, fear, …
  fer dataset RAF-DB/DATASET -o raf.csv --numbers rafdb
  fer dataset CK+48 -o ck.csv --as-is                 contempt is left out, and the report says so

The CSV has the format of the collected feedback; OUT.report.csv has the outcome of each picture. An interrupted
run resumes where it stopped. The exit status is 1 if anything was left out."""

MODELS_EXAMPLES = """examples:
  fer models publish models/expression --bucket gs://my-bucket
  fer models promote residual-09c4844f --expected residual-1a2b3c4d --bucket gs://my-bucket
  fer models rollback --bucket gs://my-bucket
  fer models list
  fer models withdrawn"""

BUCKET_HELP = "gs://bucket or file:///directory; default: FER_BUCKET, else ./data/bucket"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = _Parser(prog="fer", description="Facial expressions from pictures.", epilog=EXAMPLES)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    _add_predict(
        commands.add_parser("predict", help="recognise pictures, folders and videos", epilog=PREDICT_EXAMPLES)
    )
    _add_models(commands.add_parser("models", help="the models in a bucket", epilog=MODELS_EXAMPLES))
    export = commands.add_parser("export", help="merge the collected feedback and write it as one CSV")
    export.add_argument("--bucket", help=BUCKET_HELP)
    export.add_argument("-o", "--out", type=Path, help="file to write; default: standard output")
    export.add_argument("--force", action="store_true", help="replace an existing file")
    merge = commands.add_parser("merge", help="merge the collected feedback into the bucket's CSV")
    merge.add_argument("--bucket", help=BUCKET_HELP)
    _add_dataset(
        commands.add_parser("dataset", help="labelled pictures as a CSV to train on", epilog=DATASET_EXAMPLES)
    )
    serve = commands.add_parser("serve", help="start the HTTP API, live video and the web app on one port")
    serve.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    serve.add_argument("--port", type=int, default=8080, help="default: %(default)s")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        status = _run(options)
        sys.stdout.flush()
        return status
    except ModuleNotFoundError as error:
        extra = {"predict": "vision", "dataset": "vision"}.get(options.command, "all")
        print(f"fer: {error.name} is missing; in a clone, pip install '.[{extra}]'", file=sys.stderr)
        return 2
    except FerError as error:
        print(f"fer: {error.message}", file=sys.stderr)
        return 1 if isinstance(error, Conflict) else 3 if isinstance(error, Unavailable) else 2
    except BrokenPipeError:  # such as `fer predict … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a folder where a file should go, no right to write, a full disk
        where = f"{error.filename}: " if error.filename else ""
        print(f"fer: {where}{error.strerror or error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "predict":
            from fer.cli.predict import run_predict

            return run_predict(options)
        case "dataset":
            from fer.cli.dataset import run_dataset

            return run_dataset(options)
        case "models":
            from fer.cli.models import run_models

            print(run_models(options))
        case "export":
            from fer.cli.feedback import run_export

            run_export(options.bucket, out=options.out, force=options.force)
        case "merge":
            from fer.cli.feedback import run_merge

            print(run_merge(options.bucket))
        case _:
            from fer.cli.serve import run_serve

            return run_serve(host=options.host, port=options.port)
    return 0


class _Parser(argparse.ArgumentParser):
    """Shows the examples below the options, formatted as written."""

    def __init__(self, **settings: object) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **settings)  # pyright: ignore[reportArgumentType]


def _add_predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture, a folder or a video")
    command.add_argument("--every", type=_positive, default=1, metavar="N", help="every Nth frame of a video")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="one row per face")
    form.add_argument("--json", dest="form", action="store_const", const="json", help="one object per picture")
    form.add_argument("--table", dest="form", action="store_const", const="table", help="one line per face")
    command.add_argument("--annotate", type=Path, metavar="DIR", help="write copies with boxes and labels to DIR")
    command.add_argument("--detector", choices=DETECTORS, help="default: FER_DETECTOR")
    command.add_argument("--jobs", type=_positive, metavar="N", help="pictures at the same time; default: all cores")


def _add_dataset(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, metavar="DIR", help="contains folders named after expressions")
    command.add_argument("-o", "--out", type=Path, required=True, help="the CSV to write")
    command.add_argument("--as-is", action="store_true", help="the pictures already are cut-out faces")
    command.add_argument(
        "--numbers", choices=("fer2013", "rafdb", "affectnet", "ckplus"), help="whose numbering they follow"
    )
    command.add_argument("--table", type=Path, metavar="CSV", help="a folder's name and its label per line")
    command.add_argument("--jobs", type=_positive, metavar="N", help="pictures at the same time; default: all cores")
    command.add_argument("--force", action="store_true", help="replace an existing file")


def _add_models(models: argparse.ArgumentParser) -> None:
    models.add_argument("--bucket", help=BUCKET_HELP)
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Parser)
    publish = actions.add_parser("publish", help="put a model's files into the bucket")
    publish.add_argument("directory", type=Path)
    promote = actions.add_parser("promote", help="make a published model the champion")
    promote.add_argument("version")
    promote.add_argument("--expected", help="refuse unless this is the champion")
    listing = actions.add_parser("list", help="the published models; * marks the champion")
    rollback = actions.add_parser("rollback", help="make the champion's predecessor the champion again")
    withdrawn = actions.add_parser("withdrawn", help="models trained with corrections since withdrawn")
    for action in (publish, promote, listing, rollback, withdrawn):  # keeps one given before the action
        action.add_argument("--bucket", default=argparse.SUPPRESS, help=BUCKET_HELP)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a positive whole number, got {text!r}")
    return int(text)
