// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRewards} from "../IRewards.sol";
import {Epoch} from "./Epoch.sol";
import {Invariant} from "./Invariant.sol";
import {Tree} from "./Tree.sol";

/// @dev Everybody who may touch Rewards, doing allowed things in any order. Invariants are in the test below.
contract RewardsHandler is Epoch {
    uint256 public constant PEOPLE = 9;
    uint256 private constant FUNDER = 0xF0D;
    uint256 private constant CHALLENGER = 0xC4A;

    Table private _activeTable;
    Table private _pendingTable;
    uint64[] private _earned;
    uint24 private _epoch;
    uint256 private _salts;

    uint256 public bondsIn;
    uint256 public bondsOut;
    uint256 public bondsSlashed;
    uint256 public paid;
    uint64 public highestTotal;
    mapping(uint256 index => uint64) public paidTo;

    constructor() {
        setUp();
        _earned = new uint64[](PEOPLE);
    }

    function world() external view returns (IRewards, IERC20) {
        return (rewards, token);
    }

    function account(uint256 index) external pure returns (address) {
        return _account(index);
    }

    function bond() external pure returns (uint256) {
        return CHALLENGE_BOND;
    }

    /// @dev What the active root gives an index; 0 before any.
    function cumulativeOf(uint256 index) external returns (uint64) {
        _settle();
        return index < _activeTable.cumulatives.length ? _activeTable.cumulatives[index] : 0;
    }

    function settle() external {
        _settle();
    }

    /// @dev Follows the contract when a pending root has become active.
    function _settle() private {
        IRewards.Standing memory s = rewards.standing();
        if (_pendingTable.nodes.length > 0 && s.root == _pendingTable.nodes[0] && s.pendingRoot == 0) {
            _activeTable = _pendingTable;
            delete _pendingTable;
        }
        if (s.total > highestTotal) highestTotal = s.total;
    }

    function fund(uint64 units) external {
        _fund(FUNDER, units % 1_000e6, bytes32(++_salts));
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + (time % (2 * WINDOW)));
        _settle();
    }

    function earnAndPost(uint64[9] calldata more) external {
        _settle();
        IRewards.Standing memory s = rewards.standing();
        if (s.pendingRoot != 0 || s.paused) return;
        uint64 left = s.funded - s.total;
        for (uint256 i = 0; i < PEOPLE; ++i) {
            // Those of a dropped root count from the active one again.
            _earned[i] = _activeTable.cumulatives.length == 0 ? 0 : _activeTable.cumulatives[i];
            uint64 part = more[i] % (left / 4 + 1);
            left -= part;
            _earned[i] += part;
        }
        _pendingTable = _table(_earned);
        _post(_pendingTable, ++_epoch);
    }

    function challenge() external {
        _settle();
        IRewards.Standing memory s = rewards.standing();
        if (s.pendingRoot == 0 || s.disputed || block.timestamp >= s.activeAt) return;
        // The same evidence twice against the same root would reuse an authorisation.
        bytes32 nonce = keccak256(abi.encode(rewards.CHALLENGE(), s.pendingRoot, bytes32("evidence")));
        if (token.authorizationState(vm.addr(CHALLENGER), nonce)) return;
        _challenge(CHALLENGER);
        bondsIn += CHALLENGE_BOND;
    }

    function resolve(bool upheld) external {
        _settle();
        if (!rewards.standing().disputed) return;
        vm.prank(ARBITER);
        rewards.resolve(upheld, "finding");
        if (upheld) bondsOut += CHALLENGE_BOND;
        else bondsSlashed += CHALLENGE_BOND;
        if (upheld) delete _pendingTable;
        _settle();
    }

    function withdraw() external {
        _settle();
        IRewards.Standing memory s = rewards.standing();
        if (s.pendingRoot == 0) return;
        if (s.disputed) bondsOut += CHALLENGE_BOND;
        vm.prank(POSTER);
        rewards.withdraw();
        delete _pendingTable;
    }

    function claim(uint256 index) external {
        _settle();
        index %= PEOPLE;
        (, bool frozen) = rewards.claimed(index);
        if (_activeTable.nodes.length == 0 || frozen || rewards.standing().paused) return;
        uint64 units = _claim(_activeTable, index);
        paid += units;
        paidTo[index] += units;
        _equal(_claim(_activeTable, index), 0, "a second claim of a leaf");
    }

    function claimRange(uint256 first, uint256 count) external {
        _settle();
        if (_activeTable.nodes.length == 0 || rewards.standing().paused) return;
        first %= PEOPLE;
        count = 1 + (count % Tree.level(_activeTable.nodes, first));
        for (uint256 i = first; i < first + count; ++i) {
            (uint64 before, bool frozen) = rewards.claimed(i);
            uint64 units = frozen ? 0 : _activeTable.cumulatives[i] - before;
            paid += units;
            paidTo[i] += units;
        }
        _claimRange(_activeTable, first, count);
        _equal(_claimRange(_activeTable, first, count), 0, "a second claim of a range");
    }

    function freeze(uint256 index, bool frozen) external {
        vm.prank(GUARDIAN);
        rewards.freeze(index % PEOPLE, frozen);
    }

    function pause(bool paused) external {
        vm.prank(GUARDIAN);
        rewards.setPause(paused);
        _settle();
    }
}

contract RewardsInvariantTest is Invariant {
    RewardsHandler private _handler;
    IRewards private _rewards;
    IERC20 private _token;

    function setUp() public {
        _handler = new RewardsHandler();
        (_rewards, _token) = _handler.world();
    }

    function targetContracts() external view returns (address[] memory only) {
        only = new address[](1);
        only[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = RewardsHandler.fund.selector;
        selectors[1] = RewardsHandler.pass.selector;
        selectors[2] = RewardsHandler.earnAndPost.selector;
        selectors[3] = RewardsHandler.challenge.selector;
        selectors[4] = RewardsHandler.resolve.selector;
        selectors[5] = RewardsHandler.withdraw.selector;
        selectors[6] = RewardsHandler.claim.selector;
        selectors[7] = RewardsHandler.claimRange.selector;
        selectors[8] = RewardsHandler.freeze.selector;
        selectors[9] = RewardsHandler.pause.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), selectors);
    }

    function invariant_paidIsAtMostTheActiveTotalAndThatAtMostWhatIsFunded() public view {
        IRewards.Standing memory s = _rewards.standing();
        _holds(s.paid <= s.total && s.total <= s.funded);
        _holds(s.pendingTotal <= s.funded);
        _holds(s.paid == _handler.paid());
    }

    function invariant_everyIndexIsPaidAtMostItsCumulative() public {
        for (uint256 i = 0; i < _handler.PEOPLE(); ++i) {
            (uint64 units,) = _rewards.claimed(i);
            _holds(units <= _handler.cumulativeOf(i));
            _holds(units == _handler.paidTo(i));
            _holds(_token.balanceOf(_handler.account(i)) == units);
        }
    }

    function invariant_theActiveTotalNeverShrinks() public {
        _handler.settle();
        _holds(_rewards.standing().total == _handler.highestTotal());
    }

    function invariant_bondsInAreBondsOutSlashedAndHeld() public view {
        uint256 held = _rewards.standing().disputed ? _handler.bond() : 0;
        _holds(_handler.bondsIn() == _handler.bondsOut() + _handler.bondsSlashed() + held);
        IRewards.Standing memory s = _rewards.standing();
        _holds(_token.balanceOf(address(_rewards)) == uint256(s.funded) - s.paid + held);
    }
}
