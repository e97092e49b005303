import pytest

from signal9_core.tables import (
    ASSETS,
    COMPANY_NAME_INDEX,
    STATE,
    TABLES,
    TIME_SERIES,
    TTL_ATTRIBUTE,
    IndexSpec,
    TableSpec,
)


def test_there_are_six_tables_and_each_has_a_name_of_its_own() -> None:
    assert [table.name for table in TABLES] == [
        "Users",
        "Assets",
        "Financials",
        "News",
        "TimeSeries",
        "State",
    ]


def test_key_attributes_are_the_partition_key_and_the_sort_key_where_there_is_one() -> None:
    assert ASSETS.key_attributes == ("ticker",)
    assert TIME_SERIES.key_attributes == ("ticker#dataType", "timestamp")


def test_an_index_is_found_by_its_name() -> None:
    assert ASSETS.index("CompanyNameIndex") is COMPANY_NAME_INDEX
    with pytest.raises(KeyError, match="table Assets has no index 'NoIndex'"):
        ASSETS.index("NoIndex")


def test_only_state_has_a_time_to_live() -> None:
    assert [table for table in TABLES if table.ttl_attribute is not None] == [STATE]
    assert STATE.ttl_attribute == TTL_ATTRIBUTE


@pytest.mark.parametrize(
    ("table", "index"), [(table, index) for table in TABLES for index in table.indexes]
)
def test_an_index_carries_nothing_twice(table: TableSpec, index: IndexSpec) -> None:
    keys = {*table.key_attributes, index.partition_key, index.sort_key}

    assert index.include is None or len(set(index.include)) == len(index.include)
    assert len({index.name for index in table.indexes}) == len(table.indexes)
    assert index.partition_key != index.sort_key
    assert keys
