"""An HBase in memory, as far as its clients' tests ask: tables, rows, versions, counters, scans.

Run in a process of its own, it serves `Hbase.thrift` with thriftpy2, so that the library under
test has a peer that is not itself: `python hbase.py HBASE_THRIFT HOST PORT`.
"""

from __future__ import annotations

import itertools
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import thriftpy2
from thriftpy2.rpc import make_server

# Rows of a table: row -> column -> versions (timestamp, value), newest first.
Row = dict[bytes, list[tuple[int, bytes]]]


def as_bytes(text: Any) -> bytes:
    return text.encode() if isinstance(text, str) else text


class Table:
    def __init__(self, families: list[Any]) -> None:
        self.families = {as_bytes(family.name).rstrip(b":") + b":": family for family in families}
        self.rows: defaultdict[bytes, Row] = defaultdict(lambda: defaultdict(list))
        self.enabled = True

    def put(self, row: bytes, column: bytes, timestamp: int, value: bytes) -> None:
        versions = self.rows[row][column]
        versions[:] = [version for version in versions if version[0] != timestamp]
        versions.append((timestamp, value))
        versions.sort(reverse=True)
        family = self.families[column.partition(b":")[0] + b":"]
        del versions[family.maxVersions :]

    def delete(self, row: bytes, column: bytes, timestamp: int) -> None:
        """Deletes the versions up to a timestamp of the columns that a name means."""
        columns = self.rows.get(row, {})
        for name in list(columns):
            if matches(name, [column]):
                columns[name] = [version for version in columns[name] if version[0] > timestamp]

    def cells(
        self, row: bytes, columns: list[bytes] | None, before: int
    ) -> dict[bytes, tuple[int, bytes]]:
        """The newest version before a timestamp of each column that was asked for."""
        newest = {}
        for name, versions in self.rows.get(row, {}).items():
            if columns is None or matches(name, columns):
                for version in versions:
                    if version[0] < before:
                        newest[name] = version
                        break
        return newest


def matches(column: bytes, wanted: list[bytes]) -> bool:
    """Whether a column is one that was named, by itself or by its family."""
    return any(
        column == name or (column.startswith(name.rstrip(b":") + b":") and b":" not in name[:-1])
        for name in wanted
    )


class Handler:
    def __init__(self, idl: Any) -> None:
        self.idl = idl
        self.tables: dict[bytes, Table] = {}
        self.scanners: dict[int, Iterator[Any]] = {}
        self.ids = itertools.count(1)
        self.lock = threading.RLock()
        self.last = 0

    def now(self) -> int:
        # No two writes have one timestamp, as if there had been time between them.
        self.last = max(self.last + 1, int(time.time() * 1000))
        return self.last

    def table(self, name: Any) -> Table:
        try:
            return self.tables[as_bytes(name)]
        except KeyError:
            raise self.idl.IOError(f"there is no table {name!r}") from None

    def result(self, row: bytes, cells: dict[bytes, tuple[int, bytes]], is_sorted: bool) -> Any:
        cell = {
            column: self.idl.TCell(value, timestamp) for column, (timestamp, value) in cells.items()
        }
        if is_sorted:
            columns = [self.idl.TColumn(column, cell[column]) for column in sorted(cell)]
            return self.idl.TRowResult(row, None, columns)
        return self.idl.TRowResult(row, cell)

    # Tables

    def createTable(self, tableName, columnFamilies):
        with self.lock:
            if as_bytes(tableName) in self.tables:
                raise self.idl.AlreadyExists("the table exists")
            self.tables[as_bytes(tableName)] = Table(columnFamilies)

    def deleteTable(self, tableName):
        with self.lock:
            if self.table(tableName).enabled:
                raise self.idl.IOError("the table is enabled")
            del self.tables[as_bytes(tableName)]

    def enableTable(self, tableName):
        self.table(tableName).enabled = True

    def disableTable(self, tableName):
        self.table(tableName).enabled = False

    def isTableEnabled(self, tableName):
        return self.table(tableName).enabled

    def compact(self, tableNameOrRegionName):
        self.table(tableNameOrRegionName)

    majorCompact = compact

    def getTableNames(self):
        return sorted(self.tables)

    def getColumnDescriptors(self, tableName):
        return self.table(tableName).families

    def getTableRegions(self, tableName):
        return [self.idl.TRegionInfo(b"", b"", 1, as_bytes(tableName), 1, b"here", 1)]

    # Rows

    def getRowsWithColumnsTs(self, tableName, rows, columns, timestamp, attributes):
        with self.lock:
            table = self.table(tableName)
            found = ((row, table.cells(row, columns, timestamp)) for row in map(as_bytes, rows))
            return [self.result(row, cells, False) for row, cells in found if cells]

    def getRowsWithColumns(self, tableName, rows, columns, attributes):
        return self.getRowsWithColumnsTs(tableName, rows, columns, 2**63 - 1, attributes)

    def getRowWithColumns(self, tableName, row, columns, attributes):
        return self.getRowsWithColumns(tableName, [row], columns, attributes)

    def getRowWithColumnsTs(self, tableName, row, columns, timestamp, attributes):
        return self.getRowsWithColumnsTs(tableName, [row], columns, timestamp, attributes)

    def getVerTs(self, tableName, row, column, timestamp, numVersions, attributes):
        with self.lock:
            columns = self.table(tableName).rows.get(as_bytes(row), {})
            versions = columns.get(as_bytes(column), [])
            older = [version for version in versions if version[0] < timestamp]
            return [self.idl.TCell(value, time) for time, value in older[:numVersions]]

    def getVer(self, tableName, row, column, numVersions, attributes):
        return self.getVerTs(tableName, row, column, 2**63 - 1, numVersions, attributes)

    def mutateRowsTs(self, tableName, rowBatches, timestamp, attributes):
        with self.lock:
            table = self.table(tableName)
            for batch in rowBatches:
                for mutation in batch.mutations:
                    row, column = as_bytes(batch.row), as_bytes(mutation.column)
                    if mutation.isDelete:
                        table.delete(row, column, timestamp)
                    else:
                        table.put(row, column, timestamp, as_bytes(mutation.value))

    def mutateRows(self, tableName, rowBatches, attributes):
        self.mutateRowsTs(tableName, rowBatches, self.now(), attributes)

    def mutateRow(self, tableName, row, mutations, attributes):
        self.mutateRows(tableName, [self.idl.BatchMutation(row, mutations)], attributes)

    def mutateRowTs(self, tableName, row, mutations, timestamp, attributes):
        batches = [self.idl.BatchMutation(row, mutations)]
        self.mutateRowsTs(tableName, batches, timestamp, attributes)

    def deleteAllRow(self, tableName, row, attributes):
        with self.lock:
            self.table(tableName).rows.pop(as_bytes(row), None)

    def deleteAllRowTs(self, tableName, row, timestamp, attributes):
        with self.lock:
            table = self.table(tableName)
            for family in table.families:
                table.delete(as_bytes(row), family, timestamp)

    def atomicIncrement(self, tableName, row, column, value):
        with self.lock:
            table = self.table(tableName)
            row, column = as_bytes(row), as_bytes(column)
            cell = table.cells(row, [column], 2**63 - 1).get(column, (0, bytes(8)))
            total = struct.unpack(">q", cell[1])[0] + value
            table.put(row, column, self.now(), struct.pack(">q", total))
            return total

    def incrementRows(self, increments):
        for each in increments:
            self.atomicIncrement(each.table, each.row, each.column, each.ammount)

    def append(self, append):
        with self.lock:
            table, row = self.table(append.table), as_bytes(append.row)
            for column, value in zip(append.columns, append.values, strict=True):
                column = as_bytes(column)
                old = table.cells(row, [column], 2**63 - 1).get(column, (0, b""))[1]
                table.put(row, column, self.now(), old + as_bytes(value))
            columns = [as_bytes(column) for column in append.columns]
            cells = table.cells(row, columns, 2**63 - 1)
            return [self.idl.TCell(cells[column][1], cells[column][0]) for column in columns]

    # Scans

    def scannerOpenWithScan(self, tableName, scan, attributes):
        with self.lock:
            table = self.table(tableName)
            start = as_bytes(scan.startRow or b"")
            stop = as_bytes(scan.stopRow or b"")
            columns = [as_bytes(column) for column in scan.columns] if scan.columns else None
            before = 2**63 - 1 if scan.timestamp is None else scan.timestamp
            rows = sorted(table.rows, reverse=bool(scan.reversed))
            if scan.reversed:
                rows = [row for row in rows if (not start or row <= start) and row > stop]
            else:
                rows = [row for row in rows if row >= start and (not stop or row < stop)]
            found = [(row, table.cells(row, columns, before)) for row in rows]
            passes = filter_of(as_bytes(scan.filterString or b""))
            found = [(row, cells) for row, cells in found if cells and passes(cells)]
            number = next(self.ids)
            self.scanners[number] = iter(
                [self.result(row, cells, bool(scan.sortColumns)) for row, cells in found]
            )
            return number

    def scannerGetList(self, id, nbRows):
        if id not in self.scanners:
            raise self.idl.IllegalArgument("the scanner is closed")
        return list(itertools.islice(self.scanners[id], nbRows))

    def scannerClose(self, id):
        self.scanners.pop(id, None)

    def getRow(self, tableName, row, attributes):
        return self.getRowsWithColumns(tableName, [row], None, attributes)


def filter_of(text: bytes) -> Any:
    """What the one filter that the tests use lets pass: a column with a value."""
    parts = text.split(b"'")
    if not text.startswith(b"SingleColumnValueFilter") or len(parts) < 7:
        return lambda cells: True
    column, value = parts[1] + b":" + parts[3], parts[5].removeprefix(b"binary:")
    # A row without the column passes, unless the first of two more arguments says otherwise.
    if_missing = not parts[6].startswith(b",true")
    return lambda cells: cells[column][1] == value if column in cells else if_missing


def main() -> None:
    path, host, port = sys.argv[1:]
    idl = thriftpy2.load(path, "Hbase_thrift")
    make_server(idl.Hbase, Handler(idl), host, int(port), client_timeout=None).serve()


if __name__ == "__main__":
    main()
