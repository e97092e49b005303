import pytest

from signal9_core.tables import (
    ASSETS,
    COMPANY_NAME_INDEX,
    STATE,
    TABLES,
    TIME_SERIES,
    IndexSpec,
    TableSpec,
)


def test_tables_have_names_keys_and_indexes() -> None:
    assert len({table.name for table in TABLES}) == len(TABLES) == 6
    assert ASSETS.key_attributes == ("ticker",)
    assert TIME_SERIES.key_attributes == ("ticker#dataType", "timestamp")
    assert ASSETS.index("CompanyNameIndex") is COMPANY_NAME_INDEX
    with pytest.raises(KeyError, match="table Assets has no index 'NoIndex'"):
        ASSETS.index("NoIndex")


def test_only_state_has_a_time_to_live() -> None:
    assert [table for table in TABLES if table.ttl_attribute is not None] == [STATE]


@pytest.mark.parametrize(
    ("table", "index"), [(table, index) for table in TABLES for index in table.indexes]
)
def test_an_index_has_keys_and_attributes_of_its_own(table: TableSpec, index: IndexSpec) -> None:
    assert index.include is None or len(set(index.include)) == len(index.include)
    assert len({index.name for index in table.indexes}) == len(table.indexes)
    assert index.partition_key != index.sort_key
